package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.PrimaryPosition;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads the primary's flush position once for all who ask at the same time.
 *
 * <p>A read counts for a caller only if it began after the caller arrived, so whoever comes while a
 * read is under way waits for the next one, together with all others who came meanwhile. One of
 * them performs it on its own thread; there is no thread of our own to start, stop or hand over to.
 */
final class ReadPosition {
    private final PrimaryPosition primary;
    private final Telemetry telemetry;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition readEnded = lock.newCondition();
    private long readsBegun;
    private long readsEnded;
    private Lsn newest = Lsn.ZERO;
    private long newestNanos;
    private boolean everRead;
    private @Nullable AnnexException failure;

    ReadPosition(PrimaryPosition primary, Telemetry telemetry) {
        this.primary = primary;
        this.telemetry = telemetry;
    }

    /**
     * A position read after the call.
     *
     * @param deadlineNanos of {@link System#nanoTime}
     * @throws AnnexException NOT_SERVABLE if the primary cannot be read or the deadline passes
     *     first
     */
    Lsn now(long deadlineNanos) throws InterruptedException {
        lock.lock();
        try {
            long mine = readsBegun + 1;
            while (readsEnded < mine) {
                if (readsBegun == readsEnded) {
                    readsBegun++;
                    read();
                    readsEnded = readsBegun;
                    readEnded.signalAll();
                } else if (readEnded.awaitNanos(deadlineNanos - System.nanoTime()) <= 0) {
                    throw new AnnexException(
                            ErrorCode.NOT_SERVABLE,
                            "the primary did not tell its position before the request's deadline",
                            "Look at the primary and at the network between it and this sidecar.");
                }
            }
            if (failure != null) {
                throw new AnnexException(failure.code(), message(failure), hint(failure), failure);
            }
            return newest;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #now}, but a position read at most {@code ageNanos} ago is good enough. */
    Lsn notOlderThan(long ageNanos, long deadlineNanos) throws InterruptedException {
        lock.lock();
        try {
            if (everRead && System.nanoTime() - newestNanos <= ageNanos) {
                return newest;
            }
        } finally {
            lock.unlock();
        }
        return now(deadlineNanos);
    }

    /** Holds the lock before and after, not during the round trip. */
    private void read() {
        lock.unlock();
        Lsn position = Lsn.ZERO;
        AnnexException problem = null;
        long began = System.nanoTime();
        try {
            position = primary.flushLsn();
        } catch (AnnexException e) {
            problem = e;
        } catch (RuntimeException e) {
            problem =
                    new AnnexException(
                            ErrorCode.NOT_SERVABLE, "the primary cannot be read", null, e);
        } finally {
            lock.lock();
        }
        telemetry.fenceRead();
        failure = problem;
        if (problem == null) {
            newest = position;
            newestNanos = began;
            everRead = true;
        }
    }

    private static String message(AnnexException failure) {
        return String.valueOf(failure.getMessage());
    }

    private static @Nullable String hint(AnnexException failure) {
        return failure.hint().orElse(null);
    }
}
