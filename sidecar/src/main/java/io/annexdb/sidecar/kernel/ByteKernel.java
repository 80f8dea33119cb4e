package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

/**
 * Distances estimated from one byte per element: with D = Σ weight · byte, the bytes signed,
 *
 * <pre>
 * constant + A + factor · D − queryScale · extra
 * </pre>
 *
 * <p>A code is its bytes, a multiple of 16, followed by the floats A and extra. A prepared query is
 * the floats constant, factor and queryScale, and at byte {@link #WEIGHTS_AT} a weight per byte.
 */
public interface ByteKernel {
    /** Bytes of the two floats behind the bytes. */
    int FACTOR_BYTES = 8;

    /** Where the weights of a prepared query begin. */
    int WEIGHTS_AT = 64;

    /** The padded number of bytes of a code. */
    static int padded(int dimension) {
        return (dimension + 15) / 16 * 16;
    }

    /**
     * Estimates for {@code n} codes, written to {@code out[0 .. n)}.
     *
     * @param prepared address of the prepared query
     * @param codes address of the code of slot 0
     * @param stride bytes from slot to slot
     * @param bytes the padded number of bytes of a code
     */
    void score(long prepared, long codes, long stride, int bytes, int[] slots, int n, float[] out);

    /** Turns sums of products into estimates. */
    static void finish(
            long prepared, long factorsBase, long stride, int[] slots, int n, float[] out) {
        float constant = getFloat(prepared);
        float factor = getFloat(prepared + 4);
        float queryScale = getFloat(prepared + 8);
        for (int i = 0; i < n; i++) {
            long factors = factorsBase + slots[i] * stride;
            out[i] =
                    constant
                            + getFloat(factors)
                            + factor * out[i]
                            - queryScale * getFloat(factors + 4);
        }
    }
}
