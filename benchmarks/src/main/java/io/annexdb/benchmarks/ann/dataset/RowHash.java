package io.annexdb.benchmarks.ann.dataset;

/** Fixed pseudo-random decisions by row number: no state, the same in every process. */
public final class RowHash {
    private RowHash() {}

    /**
     * Whether a row passes the benchmark's filter.
     *
     * @param selectivity share of the rows that pass, 0 to 1
     */
    public static boolean passes(int row, double selectivity) {
        return share(row) < selectivity;
    }

    /**
     * The row's place among all, from 0 to 1: a column that a filter can compare with its share.
     */
    public static double share(int row) {
        return (mix(row) >>> 11) * 0x1p-53;
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
    static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
