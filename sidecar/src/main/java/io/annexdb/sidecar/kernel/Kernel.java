package io.annexdb.sidecar.kernel;

/**
 * Distances from one vector to many, in the form that orders them: smaller is nearer. For L2 that
 * is the square, otherwise the distance itself.
 *
 * <p>Vectors lie in native memory at {@code base + slot * stride}, padded with zeros to a multiple
 * of {@link #PADDING} floats; every address is a multiple of 4. Nothing is checked here: callers
 * vouch for every address.
 */
public interface Kernel {
    /** Vectors are padded to a multiple of this many floats: 64 bytes, the widest register. */
    int PADDING = 16;

    /** The padded number of floats of a vector. */
    static int padded(int dimension) {
        return (dimension + PADDING - 1) / PADDING * PADDING;
    }

    /**
     * Distances to {@code n} vectors, written to {@code out[0 .. n)}.
     *
     * @param query address of the query
     * @param queryScale 1 / ‖query‖ under cosine; the query's further component under inner
     *     product, 0 for none; else ignored
     * @param base address of slot 0
     * @param stride bytes from slot to slot
     * @param scales address of one float per slot: 1 / ‖vector‖ under cosine, a further component
     *     under inner product; else ignored
     * @param floats the padded number of floats of a vector
     * @param slots which vectors
     */
    void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int floats,
            int[] slots,
            int n,
            float[] out);
}
