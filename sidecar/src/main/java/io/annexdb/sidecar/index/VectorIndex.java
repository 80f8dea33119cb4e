package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collection;

/**
 * The index of one shard. Its write face ({@link WriteFace}) is for ingest and the first copy, one
 * writer at a time, guarded here; its read face ({@link ReadFace}) is for any number of threads and
 * is never blocked by writers.
 */
public final class VectorIndex {
    private static final Logger LOG = LoggerFactory.getLogger(VectorIndex.class);

    private final ShardDefinition definition;
    private final Shared shared;
    private final ShardStore store;
    private final KeyWatch watch = new KeyWatch();
    private final WriteFace writes;
    private final Serving serving;
    private final BackgroundWork background;
    private final ReadFace reads;

    VectorIndex(ShardDefinition definition, Shared shared, ShardStore store, State state) {
        this.definition = definition;
        this.shared = shared;
        this.store = store;
        this.writes =
                new WriteFace(
                        definition,
                        store,
                        shared.budget(),
                        watch,
                        state == State.LOADING,
                        this::outgrow);
        this.serving = new Serving(definition, store.rows(), writes, state);
        this.background = new BackgroundWork(definition, shared, store, serving, this::forget);
        this.reads = new ReadFace(definition, shared, store, serving, background, this::outgrow);
    }

    /** No row is left: takes any dimension, if need be after the table has been copied again. */
    private void outgrow() {
        write(() -> {
            if (serving.isReady() && store.rows().isFree() && !writes.release()) {
                LOG.warn("{}: no row is left, and some may have been skipped", definition.key());
                serving.load();
            }
        });
    }

    /** No row is left: the tombstones go, unless their dimension is still of use. */
    private boolean forget() {
        boolean[] forgotten = {false};
        write(() -> forgotten[0] = store.rows().isFree() && writes.release());
        return forgotten[0];
    }

    public ShardDefinition definition() {
        return definition;
    }

    public State state() {
        return serving.state();
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
        write(() -> writes.update(oldKey, key, namespace, attributes, vector));
    }

    /**
     * Gives a row whose vector did not change a new key, namespace and included columns; also one
     * that is skipped.
     *
     * @return false when there is no row of the old key, or one of which nobody knows whether its
     *     vector is the table's
     */
    public boolean updateKept(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        boolean[] known = {false};
        write(() -> known[0] = writes.updateKept(oldKey, newKey, namespace, attributes));
        return known[0];
    }

    /** As the other, of a row of whose included columns nothing is known. */
    public boolean updateKept(RowKey oldKey, RowKey newKey, @Nullable String namespace) {
        return updateKept(oldKey, newKey, namespace, unknown());
    }

    /** Removes the row if there is one; also for a vector that became NULL. */
    public void delete(RowKey key) {
        write(() -> writes.delete(key));
    }

    /** Removes all rows. */
    public void truncate() {
        write(writes::truncate);
    }

    /** Ends a transaction that touched this shard: from here it is recovered as one unit. */
    public void commit(Lsn endLsn) {
        write(() -> writes.commit(endLsn));
    }

    /**
     * Starts a copy of the table, which runs beside the stream. Rows of a draft are compared with
     * it; of any other index they are forgotten.
     *
     * @param consistentPoint position of the snapshot; transactions up to it are part of the copy
     * @param expectedRows estimate for the progress display
     */
    public void beginLoad(Lsn consistentPoint, long expectedRows) {
        writes.prepare();
        store.writing.lock();
        try {
            writes.begin(consistentPoint, expectedRows);
            serving.load();
        } finally {
            store.writing.unlock();
        }
    }

    /**
     * Takes one row of the copy; ignored when the stream has touched its key, or truncated,
     * meanwhile.
     */
    public void load(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        write(() -> writes.load(key, namespace, attributes, vector));
    }

    /**
     * Takes one row of the copy by the hash of its vector, where the draft has that.
     *
     * @return false when the row itself is needed; nothing has changed then
     */
    public boolean confirm(
            RowKey key, @Nullable String namespace, AttributeRow attributes, long vectorHash) {
        boolean[] settled = {true};
        write(() -> settled[0] = writes.confirm(key, namespace, attributes, vectorHash));
        return settled[0];
    }

    /**
     * Takes one row of the copy that the stream has moved to another key before it came, leaving
     * its vector alone.
     */
    public void loadMoved(
            RowKey copiedKey,
            RowKey key,
            @Nullable String namespace,
            AttributeRow attributes,
            float[] vector) {
        write(() -> writes.loadMoved(copiedKey, key, namespace, attributes, vector));
    }

    /** As the other, of a row of whose included columns nothing is known. */
    public void load(RowKey key, @Nullable String namespace, float[] vector) {
        load(key, namespace, unknown(), vector);
    }

    /**
     * Ends the first copy. Durable before it returns; the state is READY.
     *
     * @return false when the copy has to be made once more, because its vectors have another
     *     dimension than the rows had of which it has left none; the state stays LOADING
     */
    public boolean finishLoad() {
        boolean[] whole = {true};
        write(() -> whole[0] = writes.finish());
        if (!whole[0]) {
            return false;
        }
        Failpoint.LOAD_ENDED.pass();
        store.sync();
        Failpoint.LOAD_SYNCED.pass();
        serving.begin();
        shared.saveManifest().run();
        Failpoint.LOAD_SAVED.pass();
        background.wake();
        return true;
    }

    /**
     * Takes the index out of service, also after a restart. Its memory is free for others; its log
     * stays, so that whoever opens the shard again has a draft to compare with the table.
     */
    public void fail(String reason) {
        LOG.error(
                "index {} of {} is out of service: {}",
                definition.key(),
                definition.relation(),
                reason);
        serving.fail(reason);
        writes.abandon();
        store.retire();
        shared.saveManifest().run();
    }

    /** Answers queries. */
    public ReadFace reads() {
        return reads;
    }

    public ShardStatus status() {
        return reads.status(writes);
    }

    private void write(Runnable change) {
        store.writing.lock();
        try {
            if (serving.takesChanges()) {
                change.run();
            }
        } finally {
            store.writing.unlock();
        }
        background.wakeIfDue();
    }

    /** What the last copy found in the index; all zero until one has ended. */
    public CopyResult copied() {
        return writes.copied();
    }

    /** Rows that are there and that nobody has compared with the table yet. */
    public long draftRows() {
        return writes.draftRows();
    }

    /** Begins to keep what becomes of some rows; between two transactions. */
    RowHistory history(Collection<RowKey> keys) {
        store.writing.lock();
        try {
            return writes.history(keys);
        } finally {
            store.writing.unlock();
        }
    }

    /**
     * Begins to compare the index with its table; the caller closes it.
     *
     * @throws AnnexException NOT_SERVABLE unless the state is READY, and while it is compared
     *     already
     */
    public RowComparison compare() {
        return RowComparison.begin(this, watch, serving);
    }

    /**
     * An index over the same rows that does not serve before they have been compared with the
     * table. This one is closed by that.
     *
     * @param now as the shard is defined from here on
     */
    VectorIndex distrusted(ShardDefinition now) {
        endChanges();
        store.distrust();
        return new VectorIndex(now, shared, store, State.LOADING);
    }

    /** Whether a copy may begin, and none has. */
    boolean isUntouchedDraft() {
        return serving.state() == State.LOADING && writes.isUntouchedDraft();
    }

    ShardStore store() {
        return store;
    }

    BackgroundWork background() {
        return background;
    }

    /**
     * Writes what is not written yet and closes; the linkers have stopped. A copy that has not
     * ended leaves a draft.
     */
    void close() {
        switch (serving.state()) {
            case READY -> {
                store.sync();
                background.checkpoint();
            }
            case LOADING -> background.checkpoint();
            case FAILED -> {}
        }
        serving.close();
        store.close();
    }

    /** Closes, with the log as far as it was written down, and without a checkpoint. */
    void closeWithLog() {
        endChanges();
        store.closeWithLog();
    }

    /** Closes and deletes the files. Searches in flight end well. */
    void drop() {
        endChanges();
        store.close();
        store.deleteFiles();
    }

    /** None is under way when this returns, and none will be. */
    private void endChanges() {
        store.writing.lock();
        try {
            serving.close();
        } finally {
            store.writing.unlock();
        }
    }
}
