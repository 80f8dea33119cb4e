package io.annexdb.sidecar.hnsw;

import java.util.Arrays;

/**
 * The candidates of one search, nearest first, in one sorted array. A candidate is a long: the
 * distance, made sortable, in the upper half; slot and two flags in the lower. At most {@code ef}
 * candidates are kept that may be answered; those that only lead on (tombstones, other namespaces)
 * do not count, so they never push an answer out.
 */
public final class CandidatePool {
    private static final int EXPANDED = 1;
    private static final int ROUTE = 2;
    private static final long FLAGS = EXPANDED | ROUTE;

    /** Room for candidates that only lead on, in multiples of ef. */
    private static final int ROUTES = 3;

    private long[] candidates = new long[256];
    private int capacity;
    private int ef;
    private int size;
    private int answers;
    private int firstOpen;

    void reset(int ef) {
        this.ef = ef;
        capacity = (int) Math.min(Integer.MAX_VALUE - 8L, (ROUTES + 1L) * ef);
        if (candidates.length < ef + 1) {
            candidates = new long[ef + 1];
        }
        size = 0;
        answers = 0;
        firstOpen = 0;
    }

    public int size() {
        return size;
    }

    public int slot(int index) {
        return slotOf(candidates[index]);
    }

    public float distance(int index) {
        return distanceOf(candidates[index]);
    }

    /** Whether the candidate may be answered. */
    public boolean isAnswer(int index) {
        return (candidates[index] & ROUTE) == 0;
    }

    /** Candidates at this distance or farther are of no use any more. */
    float bound() {
        return answers < ef && size < capacity
                ? Float.POSITIVE_INFINITY
                : distanceOf(candidates[size - 1]);
    }

    /** Adds a candidate unless it is too far. */
    void add(float distance, int slot, boolean route) {
        long candidate = pack(distance, slot) | (route ? ROUTE : 0);
        if (size > 0 && candidate >= candidates[size - 1] && bound() <= distance) {
            return;
        }
        if (size == candidates.length) {
            candidates = Arrays.copyOf(candidates, Math.min(capacity, size * 2) + 1);
        }
        int at = insert(candidate);
        size++;
        if (!route) {
            answers++;
        }
        firstOpen = Math.min(firstOpen, at);
        trim();
    }

    /**
     * Puts a candidate in its place; faster than to search for it by halves, which is guesswork.
     */
    private int insert(long candidate) {
        long[] sorted = candidates;
        long last = candidate | FLAGS;
        int at = size;
        while (at > 0 && sorted[at - 1] > last) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = candidate;
        return at;
    }

    /** Takes up to {@code most} of the nearest unexpanded candidates. Returns how many. */
    int takeOpen(int[] slots, int most) {
        int taken = 0;
        int at = firstOpen;
        for (; at < size && taken < most; at++) {
            if ((candidates[at] & EXPANDED) == 0) {
                candidates[at] |= EXPANDED;
                slots[taken++] = slotOf(candidates[at]);
            }
        }
        firstOpen = at;
        return taken;
    }

    private void trim() {
        while (size > capacity || (answers > ef) || (answers == ef && tailIsRoute())) {
            size--;
            if ((candidates[size] & ROUTE) == 0) {
                answers--;
            }
        }
    }

    private boolean tailIsRoute() {
        return (candidates[size - 1] & ROUTE) != 0;
    }

    private static long pack(float distance, int slot) {
        int bits = Float.floatToRawIntBits(distance);
        int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
        return (long) sortable << 32 | Integer.toUnsignedLong(slot << 2);
    }

    private static int slotOf(long candidate) {
        return (int) candidate >>> 2;
    }

    private static float distanceOf(long candidate) {
        int sortable = (int) (candidate >> 32);
        return Float.intBitsToFloat(sortable ^ ((sortable >> 31) & Integer.MAX_VALUE));
    }
}
