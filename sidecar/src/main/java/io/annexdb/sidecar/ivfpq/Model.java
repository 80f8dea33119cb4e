package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.quantization.Centroids;
import io.annexdb.sidecar.quantization.Codebooks;
import io.annexdb.sidecar.segment.SlotQuery;
import io.annexdb.sidecar.segment.VectorStore;

/**
 * What was learned from the rows: the lists' centroids, and the codebooks of what is left of a
 * vector when its centroid is taken away (Jégou, Douze and Schmid, "Product quantization for
 * nearest neighbor search", TPAMI 2011, section IV). Immutable.
 *
 * <p>Under cosine, vectors are taken at unit length, where the square of L2 orders them alike.
 * Under inner product a list is chosen for a row with the vector store's further component, so that
 * rows of like direction share one.
 *
 * @param metric cosine, l2 or ip
 * @param coarse a centroid for each list
 * @param books codebooks of the residuals
 * @param trainedRows rows when it was trained
 * @param error mean square of the sample's residuals
 */
public record Model(
        Metric metric, Centroids coarse, Codebooks books, int trainedRows, double error) {

    /** Elements of a vector. */
    int dimension() {
        return books.dimension();
    }

    /** Floats of a point: a vector, with its further component under inner product. */
    int pointFloats() {
        return coarse.dimension();
    }

    static int pointFloats(Metric metric, int dimension) {
        return metric == Metric.INNER_PRODUCT ? dimension + 1 : dimension;
    }

    int lists() {
        return coarse.count();
    }

    /** Columns of a block: one for two segments of 4 bits, or for one of 8. */
    int columns() {
        return books.bits() == 4 ? (books.segments() + 1) / 2 : books.segments();
    }

    public long bytes() {
        return coarse.bytes() + books.bytes();
    }

    /** Whether there are lists under a metric. */
    public static boolean supports(Metric metric) {
        return switch (metric) {
            case COSINE, L2, INNER_PRODUCT -> true;
            case L1, HAMMING, JACCARD -> false;
        };
    }

    /** Writes the point of a stored vector. */
    static void putPoint(VectorStore vectors, SlotQuery stored, int slot, long to) {
        putPoint(
                vectors.metric(),
                stored.address(slot),
                vectors.scale(slot),
                vectors.dimension(),
                to);
    }

    /**
     * Writes the point of a vector.
     *
     * @param scale 1 / ‖v‖ under cosine, the further component under inner product
     */
    static void putPoint(Metric metric, long vector, float scale, int dimension, long to) {
        float length = metric == Metric.COSINE ? scale : 1f;
        for (int d = 0; d < dimension; d++) {
            Native.putFloat(to + d * 4L, Native.getFloat(vector + d * 4L) * length);
        }
        if (metric == Metric.INNER_PRODUCT) {
            Native.putFloat(to + dimension * 4L, scale);
        }
    }
}
