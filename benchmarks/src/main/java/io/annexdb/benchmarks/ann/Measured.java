package io.annexdb.benchmarks.ann;

/**
 * One point of a curve.
 *
 * @param ef candidates kept by the search
 * @param recall share of the exact neighbours found, 0 to 1
 * @param qps searches per second by the clock, all threads together
 * @param cpuQps searches per second of processor time, times the threads: what {@code qps} would be
 *     if nothing else ran on the machine; NaN when an engine cannot tell
 * @param p50Micros time that half of the searches stayed below
 * @param p99Micros time that 99 of 100 searches stayed below
 * @param writtenPerSecond rows replaced beside; 0 without a writer
 */
record Measured(
        int ef,
        double recall,
        double qps,
        double cpuQps,
        double p50Micros,
        double p99Micros,
        double writtenPerSecond) {}
