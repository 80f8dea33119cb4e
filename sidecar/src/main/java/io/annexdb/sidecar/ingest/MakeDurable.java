package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The thread that every 100 ms makes durable what was applied, and reports the position. Ingest
 * goes on meanwhile: an fsync takes 3 to 20 ms, and a tenth of all transactions would be seen later
 * by that.
 */
final class MakeDurable implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MakeDurable.class);
    private static final long SYNC_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long IDLE_SYNC_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long UNWRITTEN_BYTES_MAX = 8 << 20;

    private final IndexRegistry registry;
    private final Consumer<Lsn> durable;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition closing = lock.newCondition();
    private volatile boolean closed;
    private volatile boolean held;
    private volatile boolean rowsDirty;
    private volatile boolean positionDirty;
    private volatile @Nullable String error;

    // Guarded by the lock.
    private long syncedNanos = System.nanoTime();

    /** The consumer gets each position that has become durable. */
    MakeDurable(IndexRegistry registry, Consumer<Lsn> durable) {
        this.registry = registry;
        this.durable = durable;
        this.thread = Thread.ofPlatform().daemon().name("annex-sync").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Rows were applied. */
    void rowsChanged() {
        rowsDirty = true;
    }

    /** The position went on: durable within a second, if no row is. */
    void positionChanged() {
        positionDirty = true;
    }

    /** Nothing more is made durable: what was applied last contradicts the server. */
    void hold() {
        held = true;
    }

    /** Waits for what is under way; goes on with what is applied from now on. */
    void restart() {
        lock.lock();
        try {
            rowsDirty = false;
            positionDirty = false;
            held = false;
        } finally {
            lock.unlock();
        }
    }

    /** Why the last attempt failed, if it did. */
    Optional<String> error() {
        return Optional.ofNullable(error);
    }

    /**
     * Whether the disk refuses so much that no more is to be taken: the stream waits, and what has
     * been applied is searched on.
     */
    boolean isBehind() {
        return error != null && registry.unwrittenBytes() > UNWRITTEN_BYTES_MAX;
    }

    /**
     * Makes durable what has been applied, at most 2 s. Not by an interrupt, which would close the
     * index files.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            closing.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(2_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (!closed) {
                closing.awaitNanos(SYNC_NANOS);
                if (!closed && isDue()) {
                    sync();
                }
            }
            sync();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private boolean isDue() {
        return !held
                && (rowsDirty
                        || (positionDirty && System.nanoTime() - syncedNanos >= IDLE_SYNC_NANOS));
    }

    private void sync() {
        // What is applied from here on may be in it or not, and is dirty again.
        rowsDirty = false;
        positionDirty = false;
        try {
            durable.accept(registry.sync());
            if (error != null) {
                LOG.info("Changes are durable again up to {}", registry.durableLsn());
            }
            error = null;
        } catch (RuntimeException | Error e) {
            failed(e);
        } finally {
            syncedNanos = System.nanoTime();
        }
    }

    private void failed(Throwable e) {
        rowsDirty = true;
        String message =
                e instanceof AnnexException ? String.valueOf(e.getMessage()) : e.toString();
        if (!message.equals(error)) {
            LOG.error("Cannot make changes durable, the slot does not move: {}", message, e);
        }
        error = message;
    }
}
