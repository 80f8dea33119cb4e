package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The changes of a {@link VectorIndex}: what the stream brings, and what a copy of the table brings
 * beside it. Whoever changes anything holds the store's writing lock; the counts may be asked at
 * any time.
 */
final class WriteFace {
    private final ShardDefinition definition;
    private final ShardStore store;
    private final LoggedRows changes;
    private final MemoryBudget budget;
    private final KeyWatch watch;
    private final Runnable outgrown;
    private final SkippedRows skipped = new SkippedRows();
    private final AtomicLong loadedRows = new AtomicLong();
    private volatile long expectedRows;

    /** The copy that is coming in; null when there is none. */
    private volatile @Nullable FirstCopy copy;

    /**
     * Whether the skipped rows are all that there are: those from before a restart nobody knows.
     */
    private boolean knowsSkipped;

    private volatile CopyResult copied = new CopyResult(0, 0, 0, 0);

    /** Whether the rows that are there are to be compared with the table by the next copy. */
    private volatile boolean isDraft;

    /**
     * @param outgrown the last row has gone, and vectors have another dimension now; others of that
     *     dimension have been skipped before, or may have been
     */
    WriteFace(
            ShardDefinition definition,
            ShardStore store,
            MemoryBudget budget,
            KeyWatch watch,
            boolean isDraft,
            Runnable outgrown) {
        this.definition = definition;
        this.store = store;
        this.changes = store.changes();
        this.budget = budget;
        this.watch = watch;
        this.isDraft = isDraft;
        this.outgrown = outgrown;
    }

    void update(
            RowKey oldKey,
            RowKey key,
            @Nullable String namespace,
            AttributeRow attributes,
            float[] vector) {
        touch(oldKey);
        touch(key);
        AttributeRow complete =
                isDoubtful(oldKey)
                        ? attributes.over(null)
                        : store.rows().complete(oldKey, attributes);
        settle(oldKey);
        settle(key);
        if (store.rows().holds(oldKey, vector)) {
            changes.rekey(oldKey, key, namespace, complete);
            return;
        }
        if (!oldKey.equals(key)) {
            skipped.remove(oldKey);
            changes.delete(oldKey);
        }
        store(key, namespace, complete, vector);
    }

    boolean updateKept(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        touch(oldKey);
        touch(newKey);
        if (!oldKey.equals(newKey)) {
            skipped.remove(newKey);
        }
        if (!store.rows().contains(oldKey) || isDoubtful(oldKey)) {
            return moveSkipped(oldKey, newKey);
        }
        settle(newKey);
        changes.rekey(oldKey, newKey, namespace, store.rows().complete(oldKey, attributes));
        return true;
    }

    private boolean moveSkipped(RowKey oldKey, RowKey newKey) {
        boolean moved = skipped.move(oldKey, newKey);
        if (moved && !oldKey.equals(newKey)) {
            settle(newKey);
            changes.delete(newKey);
        }
        return moved;
    }

    void delete(RowKey key) {
        touch(key);
        settle(key);
        skipped.remove(key);
        changes.delete(key);
    }

    void truncate() {
        FirstCopy coming = copy;
        if (coming != null) {
            coming.truncate();
        }
        skipped.clear();
        knowsSkipped = true;
        forgetRows();
    }

    /**
     * Gives up the dimension of the rows of which none is left.
     *
     * @return false when rows may have been skipped for it, so that the table has to be copied
     */
    boolean release() {
        boolean nothingMissed = knowsSkipped && !skipped.hasOtherDimension();
        if (nothingMissed) {
            forgetRows();
        }
        return nothingMissed;
    }

    private void forgetRows() {
        watch.truncate();
        changes.truncate();
    }

    void commit(Lsn endLsn) {
        changes.commit(endLsn);
        watch.commit(segment(), endLsn);
    }

    /** From here on versions of these rows are kept. */
    RowHistory history(Collection<RowKey> keys) {
        RowHistory begun =
                new RowHistory(
                        watch, definition.index().elements(), keys, segment(), store.rows().lsn());
        watch.keep(begun);
        return begun;
    }

    private @Nullable Segment segment() {
        Generation generation = store.rows().generation();
        return generation == null ? null : generation.segment;
    }

    /** Makes the store ready for a copy; not under the writing lock. */
    void prepare() {
        if (isDraft && !store.rows().isOfAnotherDefinition()) {
            store.distrust();
        } else {
            store.restart();
        }
    }

    void begin(Lsn consistentPoint, long rowsExpected) {
        store.rows().setLsn(consistentPoint);
        if (store.rows().isFree()) {
            changes.truncate();
        }
        copy = new FirstCopy(store, isDraft);
        isDraft = false;
        loadedRows.set(0);
        skipped.clear();
        knowsSkipped = true;
        expectedRows = rowsExpected;
    }

    void load(RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        loadedRows.incrementAndGet();
        FirstCopy coming = copy;
        if (coming == null || coming.ignores(key)) {
            return;
        }
        if (coming.confirm(key, namespace, attributes, vector)) {
            return;
        }
        budget.checkRoomForNew("index \"" + definition.index().name() + "\"");
        coming.countStored(key);
        coming.settle(key);
        store(key, namespace, attributes, vector);
    }

    boolean confirm(
            RowKey key, @Nullable String namespace, AttributeRow attributes, long vectorHash) {
        FirstCopy coming = copy;
        boolean settled =
                coming == null
                        || coming.ignores(key)
                        || coming.confirm(key, namespace, attributes, vectorHash);
        if (settled) {
            loadedRows.incrementAndGet();
        }
        return settled;
    }

    void loadMoved(
            RowKey copiedKey,
            RowKey key,
            @Nullable String namespace,
            AttributeRow attributes,
            float[] vector) {
        touch(key);
        boolean held = isDoubtful(copiedKey) && store.rows().holds(copiedKey, vector);
        settle(key);
        if (held) {
            settle(copiedKey);
            changes.rekey(copiedKey, key, namespace, attributes);
        } else {
            store(key, namespace, attributes, vector);
        }
    }

    /** Ends a copy; false when it has to be made once more. */
    boolean finish() {
        FirstCopy coming = copy;
        if (coming != null) {
            coming.deleteDoubtful();
            copied = coming.result();
        }
        copy = null;
        if (store.rows().isFree()) {
            changes.truncate();
            if (skipped.hasOtherDimension()) {
                return false;
            }
        }
        changes.loaded(store.rows().lsn());
        return true;
    }

    /** Ends a copy that will not be finished. */
    void abandon() {
        copy = null;
    }

    /** What the last copy found in the index; all zero until one has ended. */
    CopyResult copied() {
        return copied;
    }

    /** Rows that are there and that nobody has compared with the table yet. */
    long draftRows() {
        FirstCopy coming = copy;
        if (coming != null) {
            return coming.doubtfulRows();
        }
        Generation generation = store.rows().generation();
        return isDraft && generation != null ? generation.segment.live() : 0;
    }

    /** Whether a copy may begin, and none has. */
    boolean isUntouchedDraft() {
        return isDraft && copy == null;
    }

    SkippedRows skipped() {
        return skipped;
    }

    long loadedRows() {
        return loadedRows.get();
    }

    long expectedRows() {
        return expectedRows;
    }

    private void store(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        skipped.remove(key);
        if (!store.rows().accepts(vector)) {
            changes.delete(key);
            if (copy == null && isOutgrown(vector)) {
                outgrown.run();
            }
        }
        if (store.rows().accepts(vector)) {
            changes.put(key, namespace, attributes, vector);
        } else {
            skipped.add(key, store.rows().isOfAnotherDimension(vector) ? vector.length : 0);
        }
    }

    private boolean isOutgrown(float[] vector) {
        return store.rows().isFree() && store.rows().isOfAnotherDimension(vector);
    }

    private void touch(RowKey key) {
        FirstCopy coming = copy;
        if (coming != null) {
            coming.touch(key);
        }
        watch.touch(key);
    }

    private void settle(RowKey key) {
        FirstCopy coming = copy;
        if (coming != null) {
            coming.settle(key);
        }
    }

    private boolean isDoubtful(RowKey key) {
        FirstCopy coming = copy;
        return coming != null && coming.isDoubtful(key);
    }
}
