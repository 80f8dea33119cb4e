package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.ElementType;

/**
 * Distances from one vector to many, in the form that orders them: smaller is nearer. For L2 that
 * is the square, otherwise the distance itself.
 *
 * <p>Vectors lie in native memory at {@code base + slot * stride}, padded with zeros to a multiple
 * of {@link #PADDING_BYTES}; every address is a multiple of 4, of 8 for bits. The query lies there
 * in the same form, except that against float16 it is of float32, padded to as many elements.
 * Nothing is checked here: callers vouch for every address.
 */
public interface Kernel {
    /** Vectors are padded to a multiple of this: the widest register. */
    int PADDING_BYTES = 64;

    /** The padded number of elements of a vector. */
    static int padded(int dimension, ElementType elements) {
        int step = PADDING_BYTES * 8 / elements.bits();
        return (dimension + step - 1) / step * step;
    }

    /**
     * Distances to {@code n} vectors, written to {@code out[0 .. n)}.
     *
     * @param query address of the query
     * @param queryScale 1 / ‖query‖ under cosine; the query's further component under inner
     *     product, 0 for none; its number of ones under Jaccard; else ignored
     * @param base address of slot 0
     * @param stride bytes from slot to slot
     * @param scales address of one float per slot: 1 / ‖vector‖ under cosine, a further component
     *     under inner product, the number of ones under Jaccard; else ignored
     * @param width the padded number of elements of a vector
     * @param slots which vectors
     */
    void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int width,
            int[] slots,
            int n,
            float[] out);
}
