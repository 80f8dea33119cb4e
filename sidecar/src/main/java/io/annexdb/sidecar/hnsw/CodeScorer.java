package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.quantization.Quantizer;
import io.annexdb.sidecar.segment.Codes;

/** Distances from one query, estimated from codes; the caller has entered the codes. */
public final class CodeScorer implements Scorer {
    private final Scratch scratch;
    private final Quantizer quantizer;
    private final int codeBytes;
    private final long base;
    private final long strideBytes;
    private final long prepared;

    /**
     * Prepares the query.
     *
     * @param query address of the padded query
     * @param scale as the vector store has it of a vector
     * @param scratch keeps the prepared query
     */
    public CodeScorer(Codes codes, long query, float scale, Scratch scratch) {
        this.scratch = scratch;
        quantizer = codes.quantizer();
        codeBytes = quantizer.codeBytes();
        base = codes.base();
        strideBytes = codes.strideBytes();
        prepared = scratch.preparedAddress(quantizer.preparedBytes());
        quantizer.prepare(query, scale, prepared);
    }

    @Override
    public void score(int[] slots, int n, float[] out) {
        scratch.touched = Native.touch(base, strideBytes, codeBytes, slots, n);
        quantizer.score(prepared, base, strideBytes, slots, n, out);
    }

    /** The same for slots that follow each other: their codes come by themselves. */
    public void scoreInOrder(int[] slots, int n, float[] out) {
        quantizer.score(prepared, base, strideBytes, slots, n, out);
    }
}
