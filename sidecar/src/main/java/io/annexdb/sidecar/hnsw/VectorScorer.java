package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.kernel.Kernel;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.segment.VectorStore;

/** Distances from one query to the vectors themselves. */
public final class VectorScorer implements Scorer {
    private final VectorStore vectors;
    private final Kernel kernel;
    private final long query;
    private final float scale;

    /**
     * Distances from a query.
     *
     * @param query address of the padded query
     * @param scale as the vector store has it of a vector
     */
    public VectorScorer(VectorStore vectors, long query, float scale) {
        this.vectors = vectors;
        this.kernel = Kernels.ofMachine().of(vectors.metric(), vectors.elements());
        this.query = query;
        this.scale = scale;
    }

    @Override
    public void score(int[] slots, int n, float[] out) {
        kernel.score(
                query,
                scale,
                vectors.base(),
                vectors.strideBytes(),
                vectors.scales(),
                vectors.width(),
                slots,
                n,
                out);
    }
}
