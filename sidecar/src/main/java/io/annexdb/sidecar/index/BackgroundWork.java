package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * What a shard wants to have done in the background: linking, training, compaction, checkpoints.
 * Linkers do it piece by piece, as often as they are woken.
 */
final class BackgroundWork {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundWork.class);

    /** A drained backlog is worth a checkpoint from this many rows on. */
    private static final int DRAINED_ROWS = 1_000;

    /** After so long without a row a smaller share is, so that a restart has little to link. */
    private static final long QUIET_NANOS = 10_000_000_000L;

    private static final int UNLINK_LEAST = 100;
    private static final long REWRITE_REST_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** A walk over the whole graph is worth it for one in so many of its rows. */
    private static final int ROWS_PER_RECONNECT = 32;

    private final ShardDefinition definition;
    private final Shared shared;
    private final ShardStore store;
    private final Serving serving;
    private final BooleanSupplier forget;
    private final AtomicBoolean enqueued = new AtomicBoolean();
    private final AtomicBoolean maintaining = new AtomicBoolean();
    private final AtomicInteger linkedSinceCheckpoint = new AtomicInteger();
    private volatile long linkedAtNanos = System.nanoTime();
    private final AtomicInteger linkedSinceReconnect = new AtomicInteger();

    /** After a compaction that found no memory: wait until it is worth more. */
    private volatile int compactFromTombstones;

    /** After a lost log could not be written anew: rest so long. */
    private volatile long rewriteFromNanos = System.nanoTime();

    /** The same for a training. */
    private volatile int trainFromRows;

    /**
     * Until the index is ready, rows are linked and codes trained, and no more.
     *
     * @param forget forgets tombstones of which none is a row any more, with their dimension; false
     *     when rows may have been skipped for it
     */
    BackgroundWork(
            ShardDefinition definition,
            Shared shared,
            ShardStore store,
            Serving serving,
            BooleanSupplier forget) {
        this.definition = definition;
        this.shared = shared;
        this.store = store;
        this.serving = serving;
        this.forget = forget;
    }

    /** Has the linkers look after the shard. */
    void wake() {
        shared.linkers().wake(this);
    }

    /** As the other, if they would find something to do. */
    void wakeIfDue() {
        if (hasWork(serving.isReady())) {
            wake();
        }
    }

    /** True for the one who is to put it into the linkers' queue. */
    boolean enqueue() {
        return enqueued.compareAndSet(false, true);
    }

    void dequeue() {
        enqueued.set(false);
    }

    /** One piece of it, by a linker. */
    void run(Scratch scratch) throws InterruptedException {
        link(scratch);
        if (!serving.isClosed()) {
            maintain(serving.isReady());
        }
        wakeIfDue();
    }

    private boolean hasWork(boolean isReady) {
        Generation generation = store.rows().generation();
        return generation != null
                && ((wantsLinking(generation)
                                && generation.linking.hasUnclaimed(generation.segment.slots()))
                        || (!maintaining.get() && maintenanceIsDue(generation, isReady)));
    }

    private boolean maintenanceIsDue(Generation generation, boolean isReady) {
        return generation.mayTrain()
                || (isReady
                        && (generation.segment.vectors().isTouched()
                                || reconnectIsDue(generation)
                                || checkpointIsDue(generation)
                                || compactionIsDue(generation)
                                || trainingIsDue(generation)
                                || unlinkingIsDue(generation)));
    }

    /** Whether nothing is to be done, and nobody is at it. */
    boolean isIdle() {
        return !maintaining.get() && !hasWork(true);
    }

    /** Rows that are to be linked or encoded and are not yet; 0 where nothing of it is wanted. */
    long fresh(Generation generation) {
        return wantsLinking(generation) || trainingIsDue(generation) ? generation.fresh() : 0;
    }

    /** Links one batch; if another one is waiting, another linker may take it meanwhile. */
    private void link(Scratch scratch) {
        Generation generation = store.rows().generation();
        if (generation == null || !wantsLinking(generation) || !generation.gate.enter()) {
            return;
        }
        try {
            int slots = generation.segment.slots();
            Linking.@Nullable Batch batch = generation.linking.claim(slots);
            if (batch == null) {
                return;
            }
            if (batch.to() < slots) {
                wake();
            }
            generation.link(batch, scratch, () -> shared.linkers().stepBack(generation.fresh()));
            Failpoint.BATCH_LINKED.pass();
            linkedSinceCheckpoint.addAndGet(batch.to() - batch.from());
            linkedAtNanos = System.nanoTime();
            if (!generation.isFlat()) {
                linkedSinceReconnect.addAndGet(batch.to() - batch.from());
            }
        } finally {
            generation.gate.exit();
        }
    }

    /** Compacts or writes a checkpoint when it is due; one linker at a time. */
    private void maintain(boolean isReady) throws InterruptedException {
        Generation generation = store.rows().generation();
        if (generation == null
                || !maintenanceIsDue(generation, isReady)
                || !maintaining.compareAndSet(false, true)) {
            return;
        }
        try {
            if (generation.gate.enter()) {
                try {
                    if (generation.mayTrain()) {
                        train(generation);
                    }
                    if (isReady) {
                        doWhatIsDue(generation);
                    }
                } finally {
                    generation.gate.exit();
                }
            }
        } finally {
            maintaining.set(false);
        }
    }

    private void doWhatIsDue(Generation generation) throws InterruptedException {
        if (compactionIsDue(generation)) {
            compact(generation);
            return;
        }
        if (trainingIsDue(generation)) {
            trainLists(generation);
            return;
        }
        if (generation.segment.vectors().isTouched()) {
            generation.segment.vectors().letGo();
        }
        if (unlinkingIsDue(generation)) {
            generation.unlinkTombstones();
        }
        if (checkpointIsDue(generation)) {
            linkedSinceCheckpoint.set(0);
            linkedSinceReconnect.set(0);
            store.checkpoint(generation);
        } else if (reconnectIsDue(generation)) {
            linkedSinceReconnect.set(0);
            generation.reconnectPaused();
        }
    }

    private void train(Generation generation) {
        try {
            generation.train(shared.budget());
            Failpoint.CODES_TRAINED.pass();
        } catch (AnnexException e) {
            LOG.warn("{} goes on with the codes it has: {}", definition.key(), e.getMessage());
        }
    }

    private void compact(Generation generation) {
        // What was skipped is copied when a vector or a query shows that it is wanted.
        if (store.rows().isFree() && forget.getAsBoolean()) {
            return;
        }
        try {
            if (Compact.run(definition, store, generation, shared)) {
                // The new slots' graph is on no disk yet.
                linkedSinceCheckpoint.set(generation.segment.slots());
            }
        } catch (AnnexException e) {
            LOG.warn("{} stays as it is: {}", definition.key(), e.getMessage());
            rewriteFromNanos = System.nanoTime() + REWRITE_REST_NANOS;
            compactFromTombstones = generation.segment.tombstones() * 2;
        }
    }

    private void trainLists(Generation generation) throws InterruptedException {
        try {
            TrainLists.run(definition, store, generation);
            // The lists that are on disk, if any, are others.
            linkedSinceCheckpoint.set(generation.linking.linked());
        } catch (AnnexException e) {
            LOG.warn("{} stays as it is: {}", definition.key(), e.getMessage());
            trainFromRows = generation.segment.live() * 2;
        }
    }

    /** Not while the first copy runs: its end tells how many rows there are. */
    private boolean trainingIsDue(Generation generation) {
        return store.durable() != null
                && generation.segment.live() >= trainFromRows
                && TrainLists.isDue(definition, generation);
    }

    /**
     * Whether an eighth of the rows' number are tombstones that searches still walk through. Not
     * where they are many more, or the rows that replace them are not linked yet: too little would
     * be left to hold on to, and compaction is near.
     */
    private static boolean unlinkingIsDue(Generation generation) {
        int tombstones = generation.tombstonesInGraph();
        int live = generation.segment.live();
        return tombstones > Math.max(UNLINK_LEAST, live / 8)
                && tombstones * 3L <= generation.linking.linked()
                && generation.fresh() <= live / 16;
    }

    /** New rows take places in lists, and a link between far parts of the graph may be dropped. */
    private boolean reconnectIsDue(Generation generation) {
        return generation.fresh() == 0
                && linkedSinceReconnect.get() > generation.segment.slots() / ROWS_PER_RECONNECT;
    }

    private boolean compactionIsDue(Generation generation) {
        if (store.isLogLost()) {
            return System.nanoTime() - rewriteFromNanos > 0;
        }
        return generation.segment.tombstones() >= compactFromTombstones
                && Compact.isDue(store, generation.segment);
    }

    /** Writes a checkpoint if any row was linked since the last one. */
    void checkpoint() {
        Generation generation = store.rows().generation();
        if (generation == null || linkedSinceCheckpoint.get() == 0 || !generation.gate.enter()) {
            return;
        }
        try {
            store.checkpoint(generation);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            generation.gate.exit();
        }
    }

    private boolean checkpointIsDue(Generation generation) {
        int rows = linkedSinceCheckpoint.get();
        if (rows >= shared.settings().checkpointRows()) {
            return true;
        }
        boolean quiet = System.nanoTime() - linkedAtNanos > QUIET_NANOS;
        int least = generation.segment.slots() / (quiet ? 64 : 4);
        return rows >= Math.max(DRAINED_ROWS, least) && generation.fresh() == 0;
    }

    private boolean wantsLinking(Generation generation) {
        return switch (definition.index().method()) {
            case HNSW -> true;
            case FLAT -> generation.wantsCodes();
            case IVFPQ -> generation.lists() != null;
            case AUTO ->
                    generation.linking.linked() > 0
                            || generation.segment.live() >= shared.settings().autoGraphRows();
        };
    }
}
