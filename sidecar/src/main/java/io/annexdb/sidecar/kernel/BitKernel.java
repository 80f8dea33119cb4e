package io.annexdb.sidecar.kernel;

/**
 * Distances estimated from one bit per element and a query of four bits per element (RaBitQ, arXiv
 * 2405.12497, section 3.3). With S = Σ bit · level and P = Σ bit, the estimate is
 *
 * <pre>
 * constant + A + B · (alpha · S + beta · P + gamma) − queryScale · extra
 * </pre>
 *
 * <p>A code is its bits, a multiple of 8 bytes, followed by four floats: A, B, P and extra. A
 * prepared query is five floats, alpha, beta, gamma, constant and queryScale, and at byte {@link
 * #PLANES_AT} its four planes, bit 0 of all levels first, each padded with zeros to {@link
 * #planeBytes}. Up to 64 bytes behind a code may be read.
 */
public interface BitKernel {
    /** Bytes of the four floats behind the bits. */
    int FACTOR_BYTES = 16;

    /** Where the planes of a prepared query begin. */
    int PLANES_AT = 64;

    /** Bits per element of the query. */
    int PLANES = 4;

    /** Bytes of one plane for codes of so many bytes of bits. */
    static int planeBytes(int bitBytes) {
        return (bitBytes + 63) / 64 * 64;
    }

    /**
     * Estimates for {@code n} codes, written to {@code out[0 .. n)}.
     *
     * @param prepared address of the prepared query
     * @param codes address of the code of slot 0
     * @param stride bytes from slot to slot
     */
    void score(long prepared, long codes, long stride, int[] slots, int n, float[] out);
}
