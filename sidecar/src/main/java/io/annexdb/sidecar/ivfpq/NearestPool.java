package io.annexdb.sidecar.ivfpq;

import java.util.Arrays;

/**
 * Keeps the nearest of many numbered candidates. They are taken as they come, and thinned out by
 * selection (Hoare's quickselect) when there is no room; from then on only nearer ones are taken.
 */
final class NearestPool {
    private static final int ROOM = 4;

    private long[] found = new long[0];
    private int most;
    private int size;
    private float bound;

    /**
     * Starts again.
     *
     * @param candidates how many are to be kept, from 1
     */
    void begin(int candidates) {
        most = candidates;
        size = 0;
        bound = Float.POSITIVE_INFINITY;
        int room = (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(64L, (long) candidates * ROOM));
        if (found.length < room) {
            found = new long[room];
        }
    }

    /** Only candidates below it are worth adding. */
    float bound() {
        return bound;
    }

    int size() {
        return size;
    }

    void add(float distance, int number) {
        if (size == Math.min(found.length, Math.max(64L, (long) most * ROOM))) {
            thin();
        }
        int bits = Float.floatToRawIntBits(distance);
        int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
        found[size++] = (long) sortable << 32 | number;
    }

    /** Leaves the nearest; returns how many they are. */
    int finish() {
        if (size > most) {
            thin();
        }
        return size;
    }

    /** Sorts them, nearest first. */
    void sort() {
        Arrays.sort(found, 0, size);
    }

    int number(int index) {
        return (int) found[index];
    }

    private void thin() {
        select(0, size - 1, most - 1);
        size = most;
        int sortable = (int) (found[most - 1] >> 32);
        bound = Float.intBitsToFloat(sortable ^ ((sortable >> 31) & Integer.MAX_VALUE));
    }

    /** Puts what would stand at an index there, smaller ones before it, greater ones behind. */
    private void select(int low, int high, int index) {
        while (low < high) {
            long pivot = found[(low + high) >>> 1];
            int i = low;
            int j = high;
            while (i <= j) {
                while (found[i] < pivot) {
                    i++;
                }
                while (found[j] > pivot) {
                    j--;
                }
                if (i <= j) {
                    long swap = found[i];
                    found[i++] = found[j];
                    found[j--] = swap;
                }
            }
            if (index <= j) {
                high = j;
            } else if (index >= i) {
                low = i;
            } else {
                return;
            }
        }
    }
}
