package io.annexdb.sidecar.flat;

import java.util.Arrays;

/**
 * Collects the nearest slots of a scan: {@code k} of them and all that are as near as the last one
 * within the error of float32, so that the exact distances can decide. Bounded: of very many ties
 * some are left out.
 */
public final class TopCollector {
    private static final float RELATIVE_ERROR = 1e-5f;
    private static final int TIES_LEAST = 1024;

    private final int k;
    private final float error;
    private final int most;
    private long[] found;
    private int size;
    private float bound = Float.POSITIVE_INFINITY;

    /**
     * @param k how many are wanted, from 1
     * @param error absolute error that a distance may have, besides the relative one
     */
    public TopCollector(int k, float error) {
        this.k = k;
        this.error = error;
        this.most = (int) Math.min(Integer.MAX_VALUE / 4, k + Math.max((long) k, TIES_LEAST));
        this.found = new long[(int) Math.min(2L * most, Math.max(128, 4L * k))];
    }

    /** Whether a slot at this distance is taken, and not too far. */
    boolean wants(float distance) {
        // Written so that NaN passes as the farthest.
        return !(distance > bound);
    }

    /** Slots at a greater distance are not taken any more. */
    float bound() {
        sort();
        return bound;
    }

    /** Takes a slot unless it is too far. The same slot may come twice. */
    public void add(float distance, int slot) {
        if (!wants(distance)) {
            return;
        }
        if (size == found.length) {
            shrink();
        }
        int bits = Float.floatToRawIntBits(Float.isNaN(distance) ? Float.MAX_VALUE : distance);
        int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
        found[size++] = (long) sortable << 32 | slot;
    }

    /** Sorts; returns how many different slots there are, at least k if so many came. */
    public int finish() {
        sort();
        return size;
    }

    /** The nearest of the slots, at most so many, to go on with. */
    public int[] nearest(int most) {
        int[] slots = new int[Math.min(most, finish())];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = slot(i);
        }
        return slots;
    }

    /** The slots, nearest first, after {@link #finish}. */
    public int slot(int index) {
        return (int) found[index];
    }

    /** The distance of {@link #slot} with the same index. */
    public float distance(int index) {
        return distanceOf(found[index]);
    }

    private void shrink() {
        sort();
        if (size > found.length * 3L / 4) {
            found = Arrays.copyOf(found, found.length * 2);
        }
    }

    private void sort() {
        Arrays.sort(found, 0, size);
        int distinct = 0;
        for (int i = 0; i < size; i++) {
            if (i == 0 || found[i] != found[i - 1]) {
                found[distinct++] = found[i];
            }
        }
        size = distinct;
        if (size >= k) {
            float last = distanceOf(found[k - 1]);
            bound = last + error + Math.abs(last) * RELATIVE_ERROR;
            while (size > k && (size > most || distanceOf(found[size - 1]) > bound)) {
                size--;
            }
        }
    }

    private static float distanceOf(long entry) {
        int sortable = (int) (entry >> 32);
        return Float.intBitsToFloat(sortable ^ ((sortable >> 31) & Integer.MAX_VALUE));
    }
}
