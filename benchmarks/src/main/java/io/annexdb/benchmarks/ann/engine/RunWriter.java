package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import org.jspecify.annotations.Nullable;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Replaces rows at a steady rate while others search: random rows, a hundred transactions a second,
 * made durable ten times a second as the sidecar does it.
 *
 * <p>A row gets its own vector again with every component changed by a 65,536th. To the index that
 * is another vector, to be stored and linked anew; to the exact neighbours it makes no difference
 * (their distances move in the sixth digit), so recall can be judged while rows change.
 */
final class RunWriter implements AutoCloseable {
    private static final double CHANGE = 0x1p-16;
    private static final long TRANSACTION_NANOS = 10_000_000;
    private static final int TRANSACTIONS_PER_SYNC = 10;
    private static final long STEADY_MILLIS = 500;

    private final LiveRows rows;
    private final VectorFile base;
    private final Content content;
    private final int rowsPerSecond;
    private final SplittableRandom random = new SplittableRandom(7);
    private final Thread thread = Thread.ofPlatform().daemon().name("writer").unstarted(this::run);
    private volatile long written;
    private volatile boolean stopped;
    private volatile @Nullable Throwable failure;

    RunWriter(LiveRows rows, VectorFile base, Content content, int rowsPerSecond) {
        this.rows = rows;
        this.base = base;
        this.content = content;
        this.rowsPerSecond = rowsPerSecond;
    }

    /** Starts, and returns when the index has settled into it. */
    void start() {
        thread.start();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(STEADY_MILLIS));
    }

    /** Rows replaced so far. */
    long written() {
        return written;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes it
    private void run() {
        try {
            long started = System.nanoTime();
            for (int transaction = 1; !stopped; transaction++) {
                long due = (long) ((System.nanoTime() - started) * 1e-9 * rowsPerSecond);
                for (long i = written; i < due; i++) {
                    int row = random.nextInt(content.rows());
                    rows.replace(row, changed(content.vector(base, row)));
                }
                rows.commit();
                written = Math.max(written, due);
                if (transaction % TRANSACTIONS_PER_SYNC == 0) {
                    rows.sync();
                }
                long next = started + transaction * TRANSACTION_NANOS;
                LockSupport.parkNanos(Math.max(1, next - System.nanoTime()));
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    private float[] changed(float[] vector) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= (float) (1 + (random.nextBoolean() ? CHANGE : -CHANGE));
        }
        return vector;
    }

    /** Stops, and returns when all that was written is linked. */
    @Override
    public void close() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw new IllegalStateException("the writer has failed: " + failure, failure);
        }
        rows.awaitFresh(0);
    }
}
