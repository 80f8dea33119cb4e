package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.replication.RowChange;
import io.annexdb.sidecar.replication.StreamEvent;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The ingest thread: takes events from the bounded queue, gives each change to the shards of its
 * relation, and ends transactions in commit order. {@link MakeDurable} follows.
 *
 * <p>Large transactions come in parts. When the connection breaks inside one, the server sends it
 * again from its first change; changes come in the same order then, so those applied already are
 * counted off. A transaction that does not come again (the server lost it) means that the indexes
 * have what the table has not: {@link #divergence}.
 *
 * <p>What was applied whole comes again, too, until the server knows that it is durable. It is
 * ignored, for it may be acknowledged while it comes: cut off there, it never ends.
 */
final class Ingest implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);
    private static final int QUEUE_EVENTS = 64;
    private static final long LOOK_MILLIS = 100;

    private final IndexRegistry registry;
    private final MakeDurable durability;
    private final Lateness lateness;
    private final BlockingQueue<StreamEvent> queue = new ArrayBlockingQueue<>(QUEUE_EVENTS);
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition boundary = lock.newCondition();
    private volatile boolean closed;
    private volatile @Nullable String divergence;

    /** Rises with each {@link #clear}: an event taken before it is void. Written under the lock. */
    private volatile long epoch;

    // All below is guarded by the lock.
    private Map<Long, List<ShardRoute>> routes = Map.of();
    private @Nullable Transaction transaction;

    /**
     * The transaction in progress: how much of it was applied, and how much of that comes again.
     */
    private static final class Transaction {
        private final Lsn finalLsn;
        private final int xid;
        private final Set<ShardRoute> touched = new HashSet<>();
        private long applied;
        private long repeated;

        Transaction(Lsn finalLsn, int xid) {
            this.finalLsn = finalLsn;
            this.xid = xid;
        }

        boolean is(Lsn otherFinalLsn, int otherXid) {
            return finalLsn.equals(otherFinalLsn) && xid == otherXid;
        }
    }

    /** The consumer gets each position that has become durable. */
    Ingest(IndexRegistry registry, Consumer<Lsn> durable, Lateness lateness) {
        this.registry = registry;
        this.lateness = lateness;
        this.durability = new MakeDurable(registry, durable);
        this.thread = Thread.ofPlatform().daemon().name("annex-ingest").unstarted(this::run);
    }

    void start() {
        thread.start();
        durability.start();
    }

    BlockingQueue<StreamEvent> queue() {
        return queue;
    }

    /** Why all indexes must be built anew, if so. */
    Optional<String> divergence() {
        return Optional.ofNullable(divergence);
    }

    /** Why the last attempt to make changes durable failed, if it did. */
    Optional<String> syncError() {
        return durability.error();
    }

    /** Replaces the routes; changes of relations without one are ignored. */
    void route(Collection<ShardRoute> shards) {
        Map<Long, List<ShardRoute>> next = new HashMap<>();
        for (ShardRoute shard : shards) {
            next.merge(
                    shard.definition().relationOid(),
                    List.of(shard),
                    (some, more) -> Stream.concat(some.stream(), more.stream()).toList());
        }
        lock.lock();
        try {
            routes = Map.copyOf(next);
            Transaction current = transaction;
            if (current != null) {
                current.touched.retainAll(shards);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Forgets all that is queued or in progress; to be called when the stream has ended for good.
     */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void clear() {
        lock.lock();
        try {
            epoch++;
            queue.clear();
            routes = Map.of();
            transaction = null;
            divergence = null;
            boundary.signalAll();
        } finally {
            lock.unlock();
        }
        durability.restart();
    }

    /**
     * Runs an action between two transactions.
     *
     * @return false when none ended in time
     */
    boolean betweenTransactions(Runnable action, Duration patience) throws InterruptedException {
        long rest = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (transaction != null) {
                if (rest <= 0) {
                    return false;
                }
                rest = boundary.awaitNanos(rest);
            }
            action.run();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Stops the thread, at most 2 s, then makes durable what it applied. Not by an interrupt, which
     * would close the index files.
     */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join(2_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        durability.close();
    }

    private void run() {
        while (!closed) {
            try {
                if (durability.isBehind()) {
                    TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                    continue;
                }
                long expected = epoch;
                StreamEvent event = queue.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                if (event != null) {
                    apply(event, expected);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException | Error e) {
                // Also when the heap is full: the queue goes, and with it most of what fills it.
                LOG.error("A change could not be applied, all indexes are compared", e);
                diverge(e.toString());
            }
        }
    }

    private void apply(StreamEvent event, long expected) {
        lock.lock();
        try {
            if (epoch != expected || divergence != null) {
                return;
            }
            switch (event) {
                case StreamEvent.Changes changes -> change(changes);
                case StreamEvent.Commit commit -> commit(commit);
                case StreamEvent.Progress progress -> progress(progress);
                case StreamEvent.Interrupted interrupted -> interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    private void change(StreamEvent.Changes changes) {
        if (isApplied(changes.finalLsn())) {
            return;
        }
        Transaction current = current(changes.finalLsn(), changes.xid());
        for (RowChange change : changes.rows()) {
            if (current.repeated > 0) {
                current.repeated--;
            } else {
                current.applied++;
                change(current, change);
            }
        }
        Failpoint.CHANGES_APPLIED.pass();
    }

    private void change(Transaction current, RowChange change) {
        switch (change) {
            case RowChange.Insert insert -> change(current, change, insert.relation().oid());
            case RowChange.Update update -> change(current, change, update.relation().oid());
            case RowChange.Delete delete -> change(current, change, delete.relation().oid());
            case RowChange.Truncate truncate ->
                    truncate.relationOids().forEach(oid -> change(current, change, oid));
        }
    }

    private void change(Transaction current, RowChange change, long relationOid) {
        for (ShardRoute shard : routes.getOrDefault(relationOid, List.of())) {
            if (shard.change(current.finalLsn, change)) {
                current.touched.add(shard);
            }
        }
    }

    private void commit(StreamEvent.Commit commit) {
        if (isApplied(commit.finalLsn())) {
            return;
        }
        Transaction current = current(commit.finalLsn(), commit.xid());
        for (ShardRoute shard : current.touched) {
            shard.commit(commit.endLsn());
            durability.rowsChanged();
            Failpoint.COMMIT_BETWEEN.pass();
        }
        transaction = null;
        lateness.applied(commit.commitTimeMicros());
        advance(commit.endLsn());
        Failpoint.COMMIT_APPLIED.pass();
    }

    private void progress(StreamEvent.Progress progress) {
        Transaction current = transaction;
        if (current != null && progress.walEnd().compareTo(current.finalLsn) > 0) {
            lose(current);
        }
        if (transaction == null && divergence == null) {
            advance(progress.walEnd());
        }
    }

    /** Whether the transaction whose commit record begins there comes a second time. */
    private boolean isApplied(Lsn finalLsn) {
        return finalLsn.compareTo(registry.appliedLsn()) < 0;
    }

    private void advance(Lsn position) {
        registry.advanceApplied(position);
        durability.positionChanged();
        boundary.signalAll();
    }

    private void interrupted() {
        Transaction current = transaction;
        if (current != null) {
            current.repeated = current.applied;
            LOG.info(
                    "The connection was lost inside transaction {}; {} changes that will come again"
                            + " are counted off",
                    Integer.toUnsignedString(current.xid),
                    current.applied);
        }
    }

    private Transaction current(Lsn finalLsn, int xid) {
        Transaction current = transaction;
        if (current != null && !current.is(finalLsn, xid)) {
            lose(current);
            current = null;
        }
        if (current == null) {
            current = new Transaction(finalLsn, xid);
            transaction = current;
        }
        return current;
    }

    /** The server has gone on behind the end of a transaction that came in part. */
    private void lose(Transaction gone) {
        if (!gone.touched.isEmpty()) {
            diverge(
                    "transaction "
                            + Integer.toUnsignedString(gone.xid)
                            + " at "
                            + gone.finalLsn
                            + " was applied in part and is gone");
        }
        transaction = null;
    }

    private void diverge(String reason) {
        divergence = reason;
        durability.hold();
    }
}
