package io.annexdb.benchmarks.ann.engine;

import java.util.Arrays;

/** What one measurement of an engine gave, before anyone has judged it. */
public final class Answers {
    private final double seconds;
    private final double cpuSeconds;
    private final double writtenPerSecond;
    private final int[][] rows;
    private final int[] sortedNanos;

    /**
     * Takes over the arrays.
     *
     * @param seconds how long all searches took together, by the clock
     * @param cpuSeconds processor time of the searching threads; NaN when it is not known
     * @param writtenPerSecond rows replaced beside the searches
     * @param rows rows found by query, nearest first, −1 after the last
     * @param nanos time of each search
     */
    public Answers(
            double seconds, double cpuSeconds, double writtenPerSecond, int[][] rows, int[] nanos) {
        this.seconds = seconds;
        this.cpuSeconds = cpuSeconds;
        this.writtenPerSecond = writtenPerSecond;
        this.rows = rows;
        this.sortedNanos = nanos.clone();
        Arrays.sort(sortedNanos);
    }

    /** Searches per second of all threads together. */
    public double queriesPerSecond() {
        return sortedNanos.length / seconds;
    }

    /** Rows that the writer beside the searches has replaced each second; 0 without a writer. */
    public double writtenPerSecond() {
        return writtenPerSecond;
    }

    /** Processor time of one search, in microseconds; NaN when it is not known. */
    public double cpuMicros() {
        return cpuSeconds * 1e6 / sortedNanos.length;
    }

    /**
     * Time below which this share of the searches stayed.
     *
     * @param share 0 to 1
     */
    public double micros(double share) {
        int place = (int) Math.ceil(share * sortedNanos.length) - 1;
        return sortedNanos[Math.clamp(place, 0, sortedNanos.length - 1)] / 1000.0;
    }

    public int queries() {
        return rows.length;
    }

    /** Rows found, nearest first, −1 after the last; not to be changed. */
    public int[] rows(int query) {
        return rows[query];
    }
}
