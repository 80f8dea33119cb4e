package io.annexdb.sidecar.memory;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps memory alive while readers are inside. After {@link #close} nobody enters any more, and the
 * last one out frees the memory: at once if there is none.
 *
 * <pre>{@code
 * open, n readers --close--> closing, n readers --exit × n--> freed
 * }</pre>
 */
public final class ReaderGate {
    private static final int CLOSED = Integer.MIN_VALUE;

    private final AtomicInteger readers = new AtomicInteger();
    private final Runnable free;

    /**
     * @param free called exactly once, by the thread that closes or by the last reader
     */
    public ReaderGate(Runnable free) {
        this.free = free;
    }

    /** Whether the caller is inside now; if so it must {@link #exit}. */
    public boolean enter() {
        int seen = readers.get();
        while (seen >= 0) {
            if (readers.compareAndSet(seen, seen + 1)) {
                return true;
            }
            seen = readers.get();
        }
        return false;
    }

    public void exit() {
        int left = readers.decrementAndGet();
        assert left != -1 : "exit without enter";
        if (left == CLOSED) {
            free.run();
        }
    }

    /** Lets nobody in any more. Closing twice changes nothing. */
    public void close() {
        int seen = readers.get();
        while (seen >= 0) {
            if (readers.compareAndSet(seen, seen | CLOSED)) {
                if (seen == 0) {
                    free.run();
                }
                return;
            }
            seen = readers.get();
        }
    }
}
