package io.annexdb.sidecar.ingest;

import java.util.concurrent.TimeUnit;

/** Counts rows, and how many they are in a second. One thread counts, any may read. */
final class RowRate {
    private volatile long beganNanos;
    private volatile long rows;

    void begin() {
        rows = 0;
        beganNanos = System.nanoTime();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread counts
    void count() {
        rows++;
    }

    long rows() {
        return rows;
    }

    /** Since the beginning. */
    double perSecond() {
        long nanos = System.nanoTime() - beganNanos;
        long counted = rows;
        return nanos <= 0 ? 0 : (double) counted * TimeUnit.SECONDS.toNanos(1) / nanos;
    }
}
