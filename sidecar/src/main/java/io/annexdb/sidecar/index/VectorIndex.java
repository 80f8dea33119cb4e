package io.annexdb.sidecar.index;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * The index of one shard. Its write face is for ingest and the first copy, one writer at a time,
 * guarded inside; its read face is for any number of threads and is never blocked by writers.
 */
public final class VectorIndex {
    private static final Logger LOG = LoggerFactory.getLogger(VectorIndex.class);

    private final ShardDefinition definition;
    private final Shared shared;
    private final ShardStore store;
    private final BackgroundWork background;
    private final KeyWatch watch = new KeyWatch();
    private final AtomicBoolean enqueued = new AtomicBoolean();
    private volatile State state;
    private volatile @Nullable String failure;
    private volatile boolean closed;
    private final AtomicLong skipped = new AtomicLong();
    private final AtomicLong loadedRows = new AtomicLong();
    private volatile long expectedRows;

    /** Keys that the stream has touched since the first copy began; null when there is none. */
    private @Nullable Set<RowKey> touched;

    private boolean truncatedSinceLoad;

    VectorIndex(ShardDefinition definition, Shared shared, ShardStore store, State state) {
        this.definition = definition;
        this.shared = shared;
        this.store = store;
        this.state = state;
        this.background = new BackgroundWork(definition, shared, store);
    }

    public ShardDefinition definition() {
        return definition;
    }

    public State state() {
        return state;
    }

    /** End of the last transaction applied here. Transactions up to it are to be skipped. */
    public Lsn lsn() {
        return store.rows().lsn();
    }

    /**
     * Inserts the row or replaces it. A vector that cannot be indexed (another dimension, NaN,
     * infinity, zero under cosine) is counted as skipped, and an earlier version is removed.
     */
    public void upsert(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        update(key, key, namespace, attributes, vector);
    }

    /** As the other, of a row of whose included columns nothing is known. */
    public void upsert(RowKey key, @Nullable String namespace, float[] vector) {
        upsert(key, namespace, unknown(), vector);
    }

    private AttributeRow unknown() {
        return AttributeRow.unknown(definition.index().include().size());
    }

    /**
     * As {@link #upsert}, for a row that had another key before. A vector that is the same as
     * before keeps its place in the graph: changes of other columns bring it along when it is
     * short. Included columns that the update did not send stay what they were.
     */
    public void update(
            RowKey oldKey,
            RowKey key,
            @Nullable String namespace,
            AttributeRow attributes,
            float[] vector) {
        write(() -> {
            touch(oldKey);
            touch(key);
            AttributeRow complete = store.rows().complete(oldKey, attributes);
            if (store.rows().holds(oldKey, vector)) {
                store.rekey(oldKey, key, namespace, complete);
                return;
            }
            if (!oldKey.equals(key)) {
                store.delete(oldKey);
            }
            store(key, namespace, complete, vector);
        });
    }

    /**
     * Gives a row whose vector did not change a new key, namespace and included columns.
     *
     * @return false when there is no row of the old key
     */
    public boolean updateKept(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        boolean[] known = {false};
        write(() -> {
            touch(oldKey);
            touch(newKey);
            known[0] = store.rows().contains(oldKey);
            if (known[0]) {
                store.rekey(oldKey, newKey, namespace, store.rows().complete(oldKey, attributes));
            }
        });
        return known[0];
    }

    /** As the other, of a row of whose included columns nothing is known. */
    public boolean updateKept(RowKey oldKey, RowKey newKey, @Nullable String namespace) {
        return updateKept(oldKey, newKey, namespace, unknown());
    }

    /** Removes the row if there is one; also for a vector that became NULL. */
    public void delete(RowKey key) {
        write(() -> {
            touch(key);
            store.delete(key);
        });
    }

    /** Removes all rows. */
    public void truncate() {
        write(() -> {
            truncatedSinceLoad = true;
            store.truncate();
        });
    }

    /** Ends a transaction that touched this shard: from here it is recovered as one unit. */
    public void commit(Lsn endLsn) {
        write(() -> store.commit(endLsn));
    }

    /**
     * Starts the first copy, which runs beside the stream. Rows that were here are forgotten.
     *
     * @param consistentPoint position of the snapshot; transactions up to it are part of the copy
     * @param expectedRows estimate for the progress display
     */
    public void beginLoad(Lsn consistentPoint, long expectedRows) {
        store.restart();
        store.writing.lock();
        try {
            store.rows().setLsn(consistentPoint);
            touched = new HashSet<>();
            truncatedSinceLoad = false;
            loadedRows.set(0);
            this.expectedRows = expectedRows;
            failure = null;
            state = State.LOADING;
        } finally {
            store.writing.unlock();
        }
    }

    /** Loads one row; ignored when the stream has touched its key, or truncated, meanwhile. */
    public void load(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        shared.budget().checkRoomForNew("index \"" + definition.index().name() + "\"");
        write(() -> {
            loadedRows.incrementAndGet();
            boolean newer = touched != null && touched.contains(key);
            if (!newer && !truncatedSinceLoad) {
                store(key, namespace, attributes, vector);
            }
        });
    }

    /** As the other, of a row of whose included columns nothing is known. */
    public void load(RowKey key, @Nullable String namespace, float[] vector) {
        load(key, namespace, unknown(), vector);
    }

    /** Ends the first copy. Durable before it returns; the state is READY. */
    public void finishLoad() {
        write(() -> {
            store.loaded(lsn());
            touched = null;
        });
        Failpoint.LOAD_ENDED.pass();
        store.sync();
        Failpoint.LOAD_SYNCED.pass();
        if (state == State.LOADING) {
            state = State.READY;
        }
        shared.saveManifest().run();
        Failpoint.LOAD_SAVED.pass();
        shared.linkers().wake(this);
    }

    /**
     * Takes the index out of service, also after a restart: then it is built again. Its memory is
     * free for others.
     */
    public void fail(String reason) {
        LOG.error(
                "index {} of {} is out of service: {}",
                definition.key(),
                definition.relation(),
                reason);
        failure = reason;
        state = State.FAILED;
        store.release();
        shared.saveManifest().run();
    }

    /**
     * The nearest rows, nearest first, ties by key: k of them, or all that match.
     *
     * @param query a vector of the index's dimension
     * @param k number of rows, from 1
     * @param efSearch candidates kept by the search of graph or lists, raised to k when smaller
     * @param namespace only rows of this namespace; null for all
     * @param filter only rows that match; null for all
     * @param maxDistance only rows at most this far; positive infinity for all
     * @param cancelled asked now and then; when true the search ends with QUERY_CANCELED
     * @throws AnnexException NOT_SERVABLE unless the state is READY; DIMENSION_MISMATCH,
     *     INVALID_VECTOR, INVALID_PARAMETER_VALUE for what is asked; QUERY_CANCELED
     */
    public List<Neighbor> search(
            float[] query,
            int k,
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            double maxDistance,
            BooleanSupplier cancelled) {
        return searchAll(List.of(query), k, efSearch, namespace, filter, maxDistance, cancelled)
                .getFirst();
    }

    /** For each query what {@link #search} finds; the queries share the work. */
    public List<List<Neighbor>> searchAll(
            List<float[]> queries,
            int k,
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            double maxDistance,
            BooleanSupplier cancelled) {
        if (filter != null && !filter.included().equals(definition.index().include())) {
            throw new AnnexException(
                    ErrorCode.FILTER_NOT_EVALUABLE,
                    "the included columns of " + definition.relation() + " have changed",
                    "The index follows within a second.");
        }
        int scanMax = shared.settings().namespaceScanMax();
        return read(
                queries,
                k,
                maxDistance,
                cancelled,
                batch -> batch.search(efSearch, namespace, filter, scanMax));
    }

    /** As the other, without a filter. */
    public List<Neighbor> search(
            float[] query,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            BooleanSupplier cancelled) {
        return search(query, k, efSearch, namespace, null, maxDistance, cancelled);
    }

    /** The nearest k among exactly these rows, by exact distance; unknown keys are left out. */
    public List<Neighbor> rank(float[] query, int k, List<RowKey> keys, double maxDistance) {
        return rankAll(List.of(query), k, keys, maxDistance, () -> false).getFirst();
    }

    /** For each query what {@link #rank} finds; a row is scored against all of them at once. */
    public List<List<Neighbor>> rankAll(
            List<float[]> queries,
            int k,
            List<RowKey> keys,
            double maxDistance,
            BooleanSupplier cancelled) {
        return read(queries, k, maxDistance, cancelled, batch -> batch.rank(keys));
    }

    private List<List<Neighbor>> read(
            List<float[]> queries,
            int k,
            double maxDistance,
            BooleanSupplier cancelled,
            Function<BatchSearch, List<List<Neighbor>>> how) {
        for (float[] query : queries) {
            CheckQuery.check(definition, store.rows().dimension(), query, k);
        }
        Generation generation = enter();
        if (generation == null) {
            return Collections.nCopies(queries.size(), List.of());
        }
        try {
            return how.apply(
                    new BatchSearch(
                            generation, shared.scratches(), queries, k, maxDistance, cancelled));
        } finally {
            boolean touched = generation.segment.vectors().isTouched();
            generation.gate.exit();
            if (touched) {
                shared.linkers().wake(this);
            }
        }
    }

    private @Nullable Generation enter() {
        while (true) {
            if (closed || state != State.READY) {
                throw notServable();
            }
            Generation generation = store.rows().generation();
            if (generation == null || generation.gate.enter()) {
                return generation;
            }
        }
    }

    private AnnexException notServable() {
        String why =
                switch (state) {
                    case LOADING ->
                            "is loading: %,d of about %,d rows"
                                    .formatted(loadedRows.get(), expectedRows);
                    case READY -> "is closed";
                    case FAILED -> "failed: " + failure;
                };
        return new AnnexException(
                ErrorCode.NOT_SERVABLE,
                "index \"%s\" of %s %s"
                        .formatted(definition.index().name(), definition.relation(), why),
                "Wait for it with annex.wait_for_index, or see annex.index_status.");
    }

    /** The vector of a row, or of one that has gone, at a place from 0 to below 1; or none. */
    public Optional<float[]> sample(double place) {
        Generation generation = store.rows().generation();
        if (generation == null || !generation.gate.enter()) {
            return Optional.empty();
        }
        try {
            int slots = generation.segment.slots();
            return slots == 0
                    ? Optional.empty()
                    : Optional.of(generation.segment.vectors().get((int) (place * slots)));
        } finally {
            generation.gate.exit();
        }
    }

    public ShardStatus status() {
        Generation generation = store.rows().generation();
        boolean inside = generation != null && generation.gate.enter();
        try {
            return status(inside ? generation : null);
        } finally {
            if (inside && generation != null) {
                generation.gate.exit();
            }
        }
    }

    private ShardStatus status(@Nullable Generation generation) {
        return new ShardStatus(
                state,
                generation == null ? 0 : generation.segment.live(),
                skipped.get(),
                generation == null ? 0 : background.fresh(generation),
                generation == null ? 0 : generation.segment.tombstones(),
                store.rows().dimension(),
                generation == null ? Map.of() : generation.memoryBytes(),
                store.fileBytes(),
                lsn(),
                loadedRows.get(),
                expectedRows,
                failure);
    }

    private void write(Runnable change) {
        store.writing.lock();
        try {
            if (!closed && state != State.FAILED) {
                change.run();
            }
        } finally {
            store.writing.unlock();
        }
        if (background.hasWork(state == State.READY)) {
            shared.linkers().wake(this);
        }
    }

    private void store(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        if (store.rows().accepts(vector)) {
            store.put(key, namespace, attributes, vector);
        } else {
            skipped.incrementAndGet();
            store.delete(key);
        }
    }

    private void touch(RowKey key) {
        if (touched != null) {
            touched.add(key);
        }
        watch.touch(key);
    }

    /**
     * Begins to compare the index with its table; the caller closes it.
     *
     * @throws AnnexException NOT_SERVABLE unless the state is READY, and while it is compared
     *     already
     */
    public RowComparison compare() {
        return RowComparison.begin(this, watch, this::enter);
    }

    ShardStore store() {
        return store;
    }

    BackgroundWork background() {
        return background;
    }

    /** True for the one who is to put it into the linkers' queue. */
    boolean enqueue() {
        return enqueued.compareAndSet(false, true);
    }

    void dequeue() {
        enqueued.set(false);
    }

    /** One piece of background work, by a linker. */
    void work(Scratch scratch) throws InterruptedException {
        background.link(scratch, () -> shared.linkers().wake(this));
        if (!closed) {
            background.maintain(state == State.READY);
        }
        if (background.hasWork(state == State.READY)) {
            shared.linkers().wake(this);
        }
    }

    /** Writes what is not written yet and closes; the linkers have stopped. */
    void close() {
        if (state == State.READY) {
            store.sync();
            background.checkpoint();
        }
        closed = true;
        store.close();
    }

    /** Closes and deletes the files. Searches in flight end well. */
    void drop() {
        store.writing.lock();
        try {
            closed = true;
        } finally {
            store.writing.unlock();
        }
        store.close();
        store.deleteFiles();
    }
}
