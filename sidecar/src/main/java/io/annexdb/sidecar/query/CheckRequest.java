package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

/** Judges what can be judged without an index; the index judges the vector. */
final class CheckRequest {
    /** The SQL functions allow k up to 10,000 and ask for more only to refill after a filter. */
    static final int CANDIDATES_MAX = 100_000;

    static final int QUERIES_MAX = 1_000;

    private CheckRequest() {}

    static void values(SearchRequest request) {
        inRange("k", request.k());
        inRange("ef_search", request.efSearch());
        batch(request.vectors().size(), request.k());
        if (Double.isNaN(request.maxDistance())) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "max_distance is not a number",
                    "Give a distance, or leave it out for no limit.");
        }
        if (request.timeout().isNegative() || request.timeout().isZero()) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "timeout_ms is " + request.timeout().toMillis() + ", expected at least 1",
                    null);
        }
    }

    private static void batch(int queries, int k) {
        if (queries < 1 || queries > QUERIES_MAX) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "the batch has " + queries + " queries, allowed are 1 to " + QUERIES_MAX,
                    "Give them in several batches.");
        }
        long rows = (long) queries * k;
        if (rows > CANDIDATES_MAX) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "%,d queries with k = %,d ask for %,d rows, allowed are %,d at once"
                            .formatted(queries, k, rows, CANDIDATES_MAX),
                    "Give fewer queries at once, or lower k.");
        }
    }

    private static void inRange(String name, int value) {
        if (value < 1 || value > CANDIDATES_MAX) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    name + " is " + value + ", allowed are 1 to " + CANDIDATES_MAX,
                    null);
        }
    }
}
