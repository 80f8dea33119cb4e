package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.Lsn;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How far the stream is applied, and a place to wait for it. Waiters are woken at once. */
final class AppliedPosition {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition advanced = lock.newCondition();
    private final AtomicInteger waiters = new AtomicInteger();
    private volatile Lsn applied;

    AppliedPosition(Lsn start) {
        applied = start;
    }

    Lsn get() {
        return applied;
    }

    /** Moves on to the position, never back. For one thread at a time. */
    void advance(Lsn endLsn) {
        if (applied.compareTo(endLsn) < 0) {
            set(endLsn);
        }
    }

    void set(Lsn lsn) {
        applied = lsn;
        // A waiter counts itself before it looks at the position: one of both sees the other.
        if (waiters.get() > 0) {
            lock.lock();
            try {
                advanced.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** False when the time ran out. */
    boolean await(Lsn lsn, Duration timeout) throws InterruptedException {
        if (applied.isAtLeast(lsn)) {
            return true;
        }
        long left = timeout.toNanos();
        waiters.incrementAndGet();
        lock.lock();
        try {
            while (!applied.isAtLeast(lsn)) {
                if (left <= 0) {
                    return false;
                }
                left = advanced.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
            waiters.decrementAndGet();
        }
    }
}
