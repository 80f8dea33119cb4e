package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;

/** Judges a request: first by itself, then against the index that it names. */
final class CheckRequest {
    /** The SQL functions allow k up to 10,000 and ask for more only to refill after a filter. */
    static final int CANDIDATES_MAX = 100_000;

    private CheckRequest() {}

    static void values(SearchRequest request) {
        inRange("k", request.k());
        inRange("ef_search", request.efSearch());
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
        finite(request.vector());
    }

    static void fits(float[] vector, int dimension, Metric metric) {
        if (dimension != 0 && vector.length != dimension) {
            throw new AnnexException(
                    ErrorCode.DIMENSION_MISMATCH,
                    "expected " + dimension + " dimensions, not " + vector.length,
                    "Query with a vector from the model that made the column's vectors.");
        }
        if (metric == Metric.COSINE && isZero(vector)) {
            throw new AnnexException(
                    ErrorCode.INVALID_VECTOR,
                    "a zero vector has no cosine distance",
                    "All " + vector.length + " elements of the query are 0.");
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

    private static void finite(float[] vector) {
        if (vector.length == 0) {
            throw new AnnexException(
                    ErrorCode.INVALID_VECTOR, "the query vector has no elements", null);
        }
        for (int i = 0; i < vector.length; i++) {
            if (!Float.isFinite(vector[i])) {
                throw new AnnexException(
                        ErrorCode.INVALID_VECTOR,
                        "element " + (i + 1) + " of the query vector is " + vector[i],
                        "Every element must be a finite number.");
            }
        }
    }

    private static boolean isZero(float[] vector) {
        for (float element : vector) {
            if (element != 0) {
                return false;
            }
        }
        return true;
    }
}
