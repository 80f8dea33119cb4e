package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

import java.util.BitSet;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * A copy of the table that comes in beside the stream, into an empty index or over a draft: rows of
 * which nobody knows whether the table still has them. A row of the draft is doubtful until the
 * copy or the stream has settled it; what is doubtful in the end goes. So a row that the draft has
 * right keeps its place in the graph, and costs a comparison of its key, vector, namespace and
 * included columns.
 *
 * <p>Guarded by the store's writing lock, but for {@link #doubtfulRows} and {@link #result}.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time, under the lock
final class FirstCopy {
    private final ShardStore store;

    /** Keys that the stream has touched: what the copy brings of them is older. */
    private final Set<RowKey> touched = new HashSet<>();

    private boolean truncated;

    /** Slots of the draft's rows that are not settled, all of them live. */
    private final BitSet doubtful = new BitSet();

    private volatile long doubtfulRows;
    private volatile CopyResult result = new CopyResult(0, 0, 0, 0);

    /**
     * @param overDraft whether the rows that are there are a draft
     */
    FirstCopy(ShardStore store, boolean overDraft) {
        this.store = store;
        Segment draft = overDraft ? segment() : null;
        for (int slot = 0; draft != null && slot < draft.slots(); slot++) {
            doubtful.set(slot, !draft.isDead(slot));
        }
        doubtfulRows = doubtful.cardinality();
    }

    /** Rows of the draft that are not settled. */
    long doubtfulRows() {
        return doubtfulRows;
    }

    CopyResult result() {
        return result;
    }

    void touch(RowKey key) {
        touched.add(key);
    }

    /** All rows go, and those of the copy too. */
    void truncate() {
        truncated = true;
        doubtful.clear();
        doubtfulRows = 0;
    }

    /** Whether a row that the copy brings is older than what the stream has said of its key. */
    boolean ignores(RowKey key) {
        return truncated || touched.contains(key);
    }

    boolean isDoubtful(RowKey key) {
        int slot = find(key);
        return slot >= 0 && doubtful.get(slot);
    }

    /** The row of the key, if there is one, is about to be confirmed, replaced or deleted. */
    void settle(RowKey key) {
        int slot = find(key);
        if (slot >= 0 && doubtful.get(slot)) {
            doubtful.clear(slot);
            doubtfulRows = doubtfulRows - 1;
        }
    }

    /**
     * Takes a row of the copy where the draft has its vector already.
     *
     * @return false when it has not; the row is to be stored then
     */
    boolean confirm(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        if (!isDoubtful(key) || !store.rows().holds(key, vector)) {
            return false;
        }
        confirm(key, namespace, attributes);
        return true;
    }

    /** As the other, by the hash of the vector alone: so the vector itself need not be sent. */
    boolean confirm(
            RowKey key, @Nullable String namespace, AttributeRow attributes, long vectorHash) {
        if (!isDoubtful(key) || !store.rows().holds(key, vectorHash)) {
            return false;
        }
        confirm(key, namespace, attributes);
        return true;
    }

    private void confirm(RowKey key, @Nullable String namespace, AttributeRow attributes) {
        Segment segment = Objects.requireNonNull(segment());
        int slot = segment.find(key);
        settle(key);
        if (Objects.equals(segment.namespaceName(slot), namespace)
                && segment.attributes(slot).isSame(attributes)) {
            result = result.withKept();
        } else {
            store.changes().rekey(key, key, namespace, attributes);
            result = result.withChanged();
        }
    }

    /** A row of the copy is about to be stored; what was there of its key goes. */
    void countStored(RowKey key) {
        result = find(key) < 0 ? result.withAdded() : result.withChanged();
    }

    /** Ends the copy: the table has none of the rows that are doubtful still. */
    void deleteDoubtful() {
        Segment segment = segment();
        for (int slot = doubtful.nextSetBit(0);
                segment != null && slot >= 0;
                slot = doubtful.nextSetBit(slot + 1)) {
            store.changes().delete(segment.key(slot));
        }
        result = result.withRemoved(doubtfulRows);
        doubtful.clear();
        doubtfulRows = 0;
    }

    private int find(RowKey key) {
        Segment segment = segment();
        return segment == null ? -1 : segment.find(key);
    }

    private @Nullable Segment segment() {
        Generation generation = store.rows().generation();
        return generation == null ? null : generation.segment;
    }
}
