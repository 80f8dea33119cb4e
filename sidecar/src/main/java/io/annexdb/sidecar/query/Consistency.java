package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.Arrays;

/** What a search must have seen. */
public enum Consistency {
    /** Everything that a new SELECT on the primary would have seen when the request arrived. */
    STRONG("strong"),
    /** Everything that such a SELECT would have seen one staleness earlier. */
    BOUNDED("bounded"),
    /** Whatever is applied. */
    EVENTUAL("eventual");

    private final String sqlName;

    Consistency(String sqlName) {
        this.sqlName = sqlName;
    }

    /** The name in the setting {@code annex.consistency}. */
    public String sqlName() {
        return sqlName;
    }

    /**
     * The consistency of that SQL name.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} if there is none of that
     *     name
     */
    public static Consistency ofSqlName(String sqlName) {
        return Arrays.stream(values())
                .filter(each -> each.sqlName.equals(sqlName))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown consistency \"" + sqlName + "\"",
                                "Use strong, bounded or eventual."));
    }
}
