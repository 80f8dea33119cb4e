package io.annexdb.sidecar.quantization;

/**
 * Encodes vectors and estimates distances to codes. Trained and immutable: any thread may encode
 * and score at the same time.
 *
 * <p>A vector comes as the vector store keeps it: the address of its padded floats, and its
 * <em>scale</em>, 1 / ‖v‖ under cosine and the further component under inner product. Estimates
 * have the form of {@link io.annexdb.sidecar.kernel.Kernel}: smaller is nearer, the square under
 * L2, otherwise the distance itself.
 */
public sealed interface Quantizer permits ScalarQuantizer, Rabitq, ProductQuantizer {
    /** Bytes of a code with its factors; codes lie at this stride or a greater one. */
    int codeBytes();

    /** Writes the code of one vector. */
    void encode(long vector, float scale, long code);

    /** Bytes of a prepared query. */
    int preparedBytes();

    /** Writes what {@link #score} needs to know of a query. */
    void prepare(long query, float scale, long prepared);

    /**
     * Estimates the distances to {@code n} codes, written to {@code out[0 .. n)}. Up to 64 bytes
     * behind a code may be read.
     *
     * @param prepared address of the prepared query
     * @param codes address of the code of slot 0
     * @param stride bytes from slot to slot
     * @param slots which codes
     */
    void score(long prepared, long codes, long stride, int[] slots, int n, float[] out);

    /**
     * Squared distance between a vector and what its code stands for: grows when the vectors are no
     * longer those of the training.
     */
    double squaredError(long vector, float scale);

    /** Memory of rotations and codebooks in bytes. */
    long bytes();
}
