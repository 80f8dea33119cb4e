package io.annexdb.sidecar.index;

import org.jspecify.annotations.Nullable;

import java.util.TreeMap;

/**
 * Which slots of a generation are linked into the graph. Linkers claim slots in batches, in order,
 * and finish them in any order; everything below {@link #linked} is linked, what lies above is
 * fresh and found by exact scan.
 */
final class Linking {
    private static final int BATCH = 64;

    private final TreeMap<Integer, Batch> inFlight = new TreeMap<>();
    private int claimed;
    private int failedFrom = Integer.MAX_VALUE;
    private int barrier = Integer.MAX_VALUE;
    private boolean paused;
    private volatile int linked;

    /**
     * Slots to link.
     *
     * @param from first slot
     * @param to end, exclusive
     */
    record Batch(int from, int to) {}

    /** Slots below this are linked. */
    int linked() {
        return linked;
    }

    /** A graph that was read covers the slots below this. */
    synchronized void startAt(int slots) {
        claimed = slots;
        linked = slots;
    }

    /** Slots from here on wait: what is linked before is the same in every build. */
    synchronized void setBarrier(int slot) {
        barrier = slot;
    }

    /** Whether all slots before the barrier are linked, and nothing is in flight. */
    synchronized boolean isAtBarrier() {
        return linked >= barrier && inFlight.isEmpty();
    }

    /** Whether {@link #claim} has a batch to give. */
    synchronized boolean hasUnclaimed(int slots) {
        return !paused && claimed < Math.min(slots, barrier) && failedFrom == Integer.MAX_VALUE;
    }

    /** The next batch of the slots below {@code slots}; null when there is none, or a pause. */
    synchronized @Nullable Batch claim(int slots) {
        if (!hasUnclaimed(slots)) {
            return null;
        }
        Batch batch = new Batch(claimed, Math.min(Math.min(slots, barrier), claimed + BATCH));
        claimed = batch.to();
        inFlight.put(batch.from(), batch);
        return batch;
    }

    synchronized void done(Batch batch) {
        inFlight.remove(batch.from());
        int end = inFlight.isEmpty() ? claimed : inFlight.firstKey();
        linked = Math.min(end, failedFrom);
        notifyAll();
    }

    /** The batch could not be linked: it and all that follow stay fresh, for good. */
    synchronized void failed(Batch batch) {
        failedFrom = Math.min(failedFrom, batch.from());
        done(batch);
    }

    /** Lets nobody claim any more and waits until nothing is in flight; false if paused already. */
    synchronized boolean pause() throws InterruptedException {
        if (paused) {
            return false;
        }
        paused = true;
        try {
            while (!inFlight.isEmpty()) {
                wait();
            }
        } catch (InterruptedException e) {
            paused = false;
            throw e;
        }
        return true;
    }

    synchronized void resume() {
        paused = false;
    }
}
