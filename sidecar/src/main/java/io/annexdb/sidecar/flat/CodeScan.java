package io.annexdb.sidecar.flat;

import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;

import java.util.function.BooleanSupplier;

/**
 * The first phase of a scan in two: estimates the distances of slots by their codes, and leaves the
 * nearest to be scored by their vectors. What a slot's row has become is asked only where some have
 * gone, and then of the few that are near enough, for it lies elsewhere.
 */
public final class CodeScan {
    private static final int BATCH = 256;
    private static final int BATCHES_PER_CHECK = 64;

    private final Segment segment;
    private final Estimates scattered;
    private final Estimates inOrder;
    private final int end;
    private final TopCollector best;
    private final BooleanSupplier cancelled;
    private final int[] slots = new int[BATCH];
    private final float[] distances = new float[BATCH];
    private int batches;

    /** Distances from one query, estimated. */
    @FunctionalInterface
    public interface Estimates {
        /** Writes the distances of {@code n} slots to {@code out[0 .. n)}. */
        void score(int[] slots, int n, float[] out);
    }

    /**
     * @param scattered estimates of any slots
     * @param inOrder the same of slots that follow each other
     * @param end slots from here on have no code, and are left out
     * @param best where the nearest go
     * @param cancelled asked every some ten thousand rows
     */
    public CodeScan(
            Segment segment,
            Estimates scattered,
            Estimates inOrder,
            int end,
            TopCollector best,
            BooleanSupplier cancelled) {
        this.segment = segment;
        this.scattered = scattered;
        this.inOrder = inOrder;
        this.end = end;
        this.best = best;
        this.cancelled = cancelled;
    }

    /** All live rows. */
    public void all() {
        boolean someGone = segment.tombstones() > 0;
        for (int first = 0; first < end; first += BATCH) {
            int n = Math.min(BATCH, end - first);
            for (int i = 0; i < n; i++) {
                slots[i] = first + i;
            }
            score(inOrder, n, someGone, 0);
        }
    }

    /** All live rows of a namespace. */
    @SuppressWarnings("ReferenceEquality") // another array means: look again
    public void namespace(SlotList list) {
        int[] array;
        do {
            array = list.slots();
            int count = SlotList.count(array);
            these(array, 1, count + 1, count != list.live(), list.number());
        } while (array != list.slots());
    }

    /** Exactly these slots. */
    public void these(int[] wanted) {
        these(wanted, 0, wanted.length, false, 0);
    }

    private void these(int[] wanted, int from, int to, boolean someGone, int namespace) {
        int n = 0;
        for (int i = from; i < to; i++) {
            if (wanted[i] < end) {
                slots[n++] = wanted[i];
                if (n == BATCH) {
                    score(scattered, n, someGone, namespace);
                    n = 0;
                }
            }
        }
        score(scattered, n, someGone, namespace);
    }

    private void score(Estimates estimates, int n, boolean someGone, int namespace) {
        if (n == 0) {
            return;
        }
        if (++batches % BATCHES_PER_CHECK == 0) {
            Scan.checkCancelled(cancelled);
        }
        estimates.score(slots, n, distances);
        for (int i = 0; i < n; i++) {
            if (best.wants(distances[i]) && (!someGone || isThere(slots[i], namespace))) {
                best.add(distances[i], slots[i]);
            }
        }
    }

    private boolean isThere(int slot, int namespace) {
        return !segment.isDead(slot) && (namespace == 0 || segment.namespace(slot) == namespace);
    }
}
