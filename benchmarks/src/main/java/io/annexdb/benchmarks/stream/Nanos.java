package io.annexdb.benchmarks.stream;

import java.util.Arrays;

/** Durations. For one thread. */
final class Nanos {
    private long[] values = new long[1 << 12];
    private int size;

    void add(long nanos) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = nanos;
    }

    int count() {
        return size;
    }

    void clear() {
        size = 0;
    }

    /**
     * The duration that this share of all stayed below, in milliseconds; 0 when there is none.
     *
     * @param share 0 to 1
     */
    double millis(double share) {
        if (size == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        int place = (int) Math.ceil(share * size) - 1;
        return sorted[Math.clamp(place, 0, size - 1)] / 1e6;
    }
}
