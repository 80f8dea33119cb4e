package io.annexdb.sidecar.hnsw;

/** Distances from one query to slots: of their vectors, or estimated from their codes. */
@FunctionalInterface
public interface Scorer {
    /** Writes the distances to {@code slots[0 .. n)} to {@code out[0 .. n)}; smaller is nearer. */
    void score(int[] slots, int n, float[] out);
}
