package io.annexdb.sidecar.ingest;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** Counts rows, and how many they are in a second. */
final class RowRate {
    private final LongAdder rows = new LongAdder();
    private volatile long beganNanos = System.nanoTime();

    /** Forgets what was counted. */
    void begin() {
        rows.reset();
        beganNanos = System.nanoTime();
    }

    void count() {
        rows.increment();
    }

    long rows() {
        return rows.sum();
    }

    /** Since the beginning. */
    double perSecond() {
        long nanos = System.nanoTime() - beganNanos;
        return nanos <= 0 ? 0 : (double) rows() * TimeUnit.SECONDS.toNanos(1) / nanos;
    }
}
