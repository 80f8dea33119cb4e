package io.annexdb.benchmarks.ann.dataset;

/** Fixed pseudo-random decisions by row number: no state, the same in every process. */
public final class RowHash {
    private static final int BUCKETS = 1_000_000;

    private RowHash() {}

    /**
     * Whether a row passes the benchmark's filter.
     *
     * @param selectivity share of the rows that pass, 0 to 1, in millionths
     */
    public static boolean passes(int row, double selectivity) {
        return bucket(row) < bucketLimit(selectivity);
    }

    /** One of a million buckets: a column that a filter can compare with {@link #bucketLimit}. */
    public static int bucket(int row) {
        return (int) ((mix(row) >>> 11) * 0x1p-53 * BUCKETS);
    }

    /** The rows below this bucket are that share of all. */
    public static int bucketLimit(double selectivity) {
        return (int) Math.round(selectivity * BUCKETS);
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
    static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
