package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The index of one shard. Its write face is for ingest and the first copy, one writer at a time,
 * guarded inside; its read face is for any number of threads and is never blocked by writers.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class VectorIndex {
    private final ShardDefinition definition;

    VectorIndex(ShardDefinition definition) {
        this.definition = definition;
    }

    public ShardDefinition definition() {
        return definition;
    }

    public State state() {
        throw new UnsupportedOperationException();
    }

    public ShardStatus status() {
        throw new UnsupportedOperationException();
    }

    /** End of the last transaction applied here. Transactions up to it are to be skipped. */
    public Lsn lsn() {
        throw new UnsupportedOperationException();
    }

    /**
     * Inserts the row or replaces it. A vector that cannot be indexed (another dimension, NaN,
     * infinity, zero under cosine) is counted as skipped, and an earlier version is removed.
     */
    public void upsert(RowKey key, @Nullable String namespace, float[] vector) {
        throw new UnsupportedOperationException();
    }

    /**
     * Moves a row whose vector did not change to a new key and namespace.
     *
     * @return false when there is no row of the old key
     */
    public boolean updateKept(RowKey oldKey, RowKey newKey, @Nullable String namespace) {
        throw new UnsupportedOperationException();
    }

    /** Removes the row if there is one; also for a vector that became NULL. */
    public void delete(RowKey key) {
        throw new UnsupportedOperationException();
    }

    /** Removes all rows. */
    public void truncate() {
        throw new UnsupportedOperationException();
    }

    /** Ends a transaction that touched this shard: from here it is recovered as one unit. */
    public void commit(Lsn endLsn) {
        throw new UnsupportedOperationException();
    }

    /**
     * Starts the first copy, which runs beside the stream.
     *
     * @param consistentPoint position of the snapshot; transactions up to it are part of the copy
     * @param expectedRows estimate for the progress display
     */
    public void beginLoad(Lsn consistentPoint, long expectedRows) {
        throw new UnsupportedOperationException();
    }

    /** Loads one row; ignored when the stream has touched its key, or truncated, meanwhile. */
    public void load(RowKey key, @Nullable String namespace, float[] vector) {
        throw new UnsupportedOperationException();
    }

    /** Ends the first copy. Durable before it returns; the state is READY. */
    public void finishLoad() {
        throw new UnsupportedOperationException();
    }

    /** Takes the index out of service. */
    public void fail(String reason) {
        throw new UnsupportedOperationException();
    }

    /**
     * The nearest rows, nearest first, ties by key: k of them, or all that match.
     *
     * @param query a vector of the index's dimension
     * @param k number of rows, from 1
     * @param efSearch candidates kept by the graph search, raised to k when smaller
     * @param namespace only rows of this namespace; null for all
     * @param maxDistance only rows at most this far; positive infinity for all
     * @param cancelled asked now and then; when true the search ends with QUERY_CANCELED
     */
    public List<Neighbor> search(
            float[] query,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            BooleanSupplier cancelled) {
        throw new UnsupportedOperationException();
    }

    /** The nearest k among exactly these rows, by exact distance; unknown keys are left out. */
    public List<Neighbor> rank(float[] query, int k, List<RowKey> keys, double maxDistance) {
        throw new UnsupportedOperationException();
    }
}
