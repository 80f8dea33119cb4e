package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.RowChange;
import io.annexdb.sidecar.replication.Tuple;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * From the stream to one shard's index: decodes the rows and calls the index's write face. A shard
 * whose first copy has yet to begin only gathers them. What goes wrong with one shard takes that
 * shard out of service, not the stream.
 *
 * <p>Called by {@link Ingest} under its lock, except {@link #load}.
 */
final class ShardRoute {
    private static final Logger LOG = LoggerFactory.getLogger(ShardRoute.class);

    private final VectorIndex index;
    private @Nullable RowReader reader;
    private @Nullable WaitingChanges waiting;
    private volatile @Nullable LoadingRows loading;
    private final AtomicLong truncates = new AtomicLong();
    private volatile boolean begun;
    private final Retries retries;
    private volatile boolean isShortOfMemory;

    ShardRoute(VectorIndex index, Retries retries) {
        this.index = index;
        this.retries = retries;
        // What serves from the beginning has had its first copy.
        this.begun = index.state() == State.READY;
        this.waiting = index.state() == State.LOADING ? new WaitingChanges() : null;
    }

    VectorIndex index() {
        return index;
    }

    ShardDefinition definition() {
        return index.definition();
    }

    /** Whether the first copy has yet to begin. Changed only by it. */
    boolean isWaiting() {
        return !begun;
    }

    /** How often the stream has truncated the shard. */
    long truncates() {
        return truncates.get();
    }

    /** Whether it failed because its rows did not fit. */
    boolean isShortOfMemory() {
        return isShortOfMemory;
    }

    /**
     * One change of a transaction; skipped when the index has seen the transaction.
     *
     * @param finalLsn where the transaction's commit record begins
     * @return whether the index must be told of the commit
     */
    boolean change(Lsn finalLsn, RowChange change) {
        WaitingChanges gathered = waiting;
        if (gathered != null) {
            gathered.add(change);
            return true;
        }
        if (index.state() == State.FAILED || finalLsn.compareTo(index.lsn()) < 0) {
            return false;
        }
        try {
            apply(change);
            return true;
        } catch (RuntimeException e) {
            fail(e);
            return false;
        }
    }

    void commit(Lsn endLsn) {
        WaitingChanges gathered = waiting;
        if (gathered != null) {
            gathered.commit(endLsn);
        } else if (index.state() != State.FAILED) {
            try {
                index.commit(endLsn);
            } catch (RuntimeException e) {
                fail(e);
            }
        }
    }

    /**
     * Starts the first copy at its snapshot's position, with the transactions after it that have
     * come already.
     *
     * @return false when too many have come since; a newer snapshot is needed
     */
    boolean beginLoad(Lsn consistentPoint, long expectedRows) {
        WaitingChanges gathered = waiting;
        if (gathered == null) {
            throw new IllegalStateException("the first copy of " + definition() + " has begun");
        }
        Optional<List<WaitingChanges.Transaction>> missed = gathered.after(consistentPoint);
        if (missed.isEmpty()) {
            return false;
        }
        begun = true;
        index.beginLoad(consistentPoint, expectedRows);
        loading = new LoadingRows(index);
        waiting = null;
        for (WaitingChanges.Transaction transaction : missed.get()) {
            transaction.rows().forEach(this::apply);
            index.commit(transaction.endLsn());
        }
        return true;
    }

    /** A row of the snapshot; called by the copying thread. */
    void load(RowReader copied, Tuple row) {
        LoadingRows rows = loading;
        if (rows != null && copied.hasVector(row)) {
            rows.load(
                    copied.key(row),
                    copied.namespace(row),
                    copied.attributes(row),
                    copied.vector(row));
        }
    }

    /**
     * A row of the snapshot, read with the hash of its vector in the vector's place.
     *
     * @return false when the row itself is needed
     */
    boolean confirm(RowReader copied, Tuple row) {
        LoadingRows rows = loading;
        return rows == null
                || !copied.hasVector(row)
                || rows.confirm(
                        copied.key(row),
                        copied.namespace(row),
                        copied.attributes(row),
                        copied.vectorHash(row));
    }

    /** All rows of the snapshot have come: from now on the index sees the stream directly. */
    void endLoad() {
        loading = null;
    }

    /** Takes the shard out of service until it is tried again. */
    void fail(Exception cause) {
        isShortOfMemory =
                cause instanceof AnnexException e && e.code() == ErrorCode.OUT_OF_RESOURCES;
        ShardKey key = definition().key();
        Duration pause = isShortOfMemory ? retries.failedForLong(key) : retries.failed(key);
        Instant again = Instant.now().plus(pause).truncatedTo(ChronoUnit.SECONDS);
        fail(reason(cause) + ". It is tried again at " + again, cause);
    }

    /** Takes the shard out of service for as long as something is in its way. */
    void refuse(String obstacle) {
        fail(obstacle, null);
    }

    private void fail(String reason, @Nullable Exception cause) {
        LOG.error(
                "Index {} of {} is out of service: {}",
                definition().index().name(),
                definition().relation(),
                reason,
                cause);
        index.fail(reason);
    }

    private static String reason(Exception cause) {
        if (!(cause instanceof AnnexException annex)) {
            return cause.toString();
        }
        String message = String.valueOf(annex.getMessage());
        return annex.hint().map(hint -> message + ". " + withoutStop(hint)).orElse(message);
    }

    private static String withoutStop(String text) {
        return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    }

    private void apply(RowChange change) {
        switch (change) {
            case RowChange.Insert insert -> put(bound(insert.relation()), insert.row(), null);
            case RowChange.Update update -> update(bound(update.relation()), update);
            case RowChange.Delete delete -> remove(bound(delete.relation()).key(delete.old()));
            case RowChange.Truncate truncate -> truncate();
        }
    }

    private void update(RowReader rows, RowChange.Update update) {
        RowKey key = rows.key(update.row(), update.old());
        RowKey oldKey = update.old() == null ? key : rows.key(update.old());
        if (rows.keepsVector(update.row())) {
            keep(oldKey, key, rows.namespace(update.row()), rows.attributes(update.row()));
            return;
        }
        if (loading == null && rows.hasVector(update.row())) {
            index.update(
                    oldKey,
                    key,
                    rows.namespace(update.row()),
                    rows.attributes(update.row()),
                    rows.vector(update.row()));
            return;
        }
        if (!oldKey.equals(key)) {
            remove(oldKey);
        }
        put(rows, update.row(), update.old());
    }

    private void put(RowReader rows, Tuple row, @Nullable Tuple old) {
        RowKey key = rows.key(row, old);
        if (!rows.hasVector(row)) {
            remove(key);
            return;
        }
        LoadingRows copying = loading;
        if (copying == null) {
            index.upsert(key, rows.namespace(row), rows.attributes(row), rows.vector(row));
        } else {
            copying.upsert(key, rows.namespace(row), rows.attributes(row), rows.vector(row));
        }
    }

    /** A row that is not in the index here is one whose vector could not be indexed. */
    private void keep(
            RowKey oldKey, RowKey key, @Nullable String namespace, AttributeRow attributes) {
        LoadingRows copying = loading;
        if (copying != null) {
            copying.updateKept(oldKey, key, namespace, attributes);
        } else if (!index.updateKept(oldKey, key, namespace, attributes)) {
            LOG.debug("{} keeps a vector that is not indexed: {}", definition().relation(), key);
        }
    }

    private void remove(RowKey key) {
        LoadingRows copying = loading;
        if (copying == null) {
            index.delete(key);
        } else {
            copying.delete(key);
        }
    }

    private void truncate() {
        truncates.incrementAndGet();
        LoadingRows copying = loading;
        if (copying == null) {
            index.truncate();
        } else {
            copying.truncate();
        }
    }

    /** The same object describes the relation until the stream describes it anew. */
    @SuppressWarnings("ReferenceEquality")
    private RowReader bound(Relation relation) {
        RowReader current = reader;
        if (current == null || current.relation() != relation) {
            current = new RowReader(definition().index(), relation);
            reader = current;
        }
        return current;
    }
}
