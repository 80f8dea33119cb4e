package io.annexdb.sidecar.model;

/**
 * How an index is built.
 *
 * @param m links per node of the graph (Malkov and Yashunin, arXiv 1603.09320), 4 to 100; with
 *     method ivfpq segments of a code, 1 to 2000, 0 for a choice by dimension
 * @param efConstruction candidates looked at when a node is linked, 8 to 2000
 * @param quantization the codes that candidates are found by
 * @param vectors where the full vectors lie
 * @param lists for method ivfpq
 */
public record IndexOptions(
        int m,
        int efConstruction,
        Quantization quantization,
        VectorStorage vectors,
        ListOptions lists) {
    /** M = 16, efConstruction = 200, quantization chosen by metric and dimension. */
    public static final IndexOptions DEFAULT = new IndexOptions(16, 200, Quantization.AUTO);

    /** For methods without lists. */
    public IndexOptions(int m, int efConstruction, Quantization quantization) {
        this(m, efConstruction, quantization, VectorStorage.MEMORY, ListOptions.DEFAULT);
    }
}
