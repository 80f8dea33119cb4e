package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

/** Says that a filter cannot be evaluated here. PostgreSQL does it then; nobody has to be told. */
final class Refusal {
    private Refusal() {}

    static AnnexException because(String reason) {
        return new AnnexException(
                ErrorCode.FILTER_NOT_EVALUABLE,
                "the filter is left to PostgreSQL: " + reason,
                "Filters over included columns run in the sidecar if they compare columns with"
                        + " constants; see the guide.");
    }
}
