package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.VectorStore;

/** Refuses queries that have no answer, with the numbers and the remedy. */
final class CheckQuery {
    private CheckQuery() {}

    /**
     * @param dimension the index's; 0 while it is not known, because there was no row yet
     */
    static void check(ShardDefinition shard, int dimension, float[] query, int k) {
        if (k < 1) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "k is " + k + ", must be at least 1",
                    "Ask for one row or more.");
        }
        if (dimension != 0 && query.length != dimension) {
            throw new AnnexException(
                    ErrorCode.DIMENSION_MISMATCH,
                    "expected %d dimensions, not %d, for index \"%s\""
                            .formatted(dimension, query.length, shard.index().name()),
                    "Use the model that made the indexed vectors. Rows of another dimension are"
                            + " skipped while the index has rows of its own: annex.index_status"
                            + " counts them.");
        }
        boolean bits = shard.index().elements() == ElementType.BIT;
        for (int i = 0; i < query.length; i++) {
            if (bits ? query[i] != 0 && query[i] != 1 : !Float.isFinite(query[i])) {
                throw new AnnexException(
                        ErrorCode.INVALID_VECTOR,
                        "element " + (i + 1) + " of the query is " + query[i],
                        bits
                                ? "The column has bits: each element is 0 or 1."
                                : "Vectors consist of finite numbers.");
            }
        }
        if (shard.index().metric() == Metric.COSINE && VectorStore.square(query) == 0) {
            throw new AnnexException(
                    ErrorCode.INVALID_VECTOR,
                    "the query is a zero vector, which has no cosine distance",
                    "Use another query, or an index with metric l2.");
        }
    }
}
