package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** All shards' indexes of one sidecar, the node's positions, and their files. */
@SuppressWarnings("DoNotCallSuggester")
public final class IndexRegistry implements AutoCloseable {
    private IndexRegistry() {}

    /** Opens the directory and reads its manifest; opens no shard yet. */
    public static IndexRegistry open(IndexSettings settings) {
        throw new UnsupportedOperationException();
    }

    /**
     * The index of a shard: from its files when they fit the definition and its first copy was
     * finished, else empty and LOADING. A shard already open is returned as it is.
     */
    public VectorIndex openOrCreate(ShardDefinition shard) {
        throw new UnsupportedOperationException();
    }

    /** Closes the shard's index and deletes its files. Searches in flight end well. */
    public void drop(ShardKey key) {
        throw new UnsupportedOperationException();
    }

    /** Every shard with files here, also those not opened. */
    public Set<ShardKey> onDisk() {
        throw new UnsupportedOperationException();
    }

    /** The open shards. */
    public Collection<VectorIndex> open() {
        throw new UnsupportedOperationException();
    }

    /** The open shards of one index. */
    public List<VectorIndex> shardsOf(long indexId) {
        throw new UnsupportedOperationException();
    }

    /** Says that everything before this position is applied, and wakes those who wait for it. */
    public void advanceApplied(Lsn endLsn) {
        throw new UnsupportedOperationException();
    }

    public Lsn appliedLsn() {
        throw new UnsupportedOperationException();
    }

    /**
     * Waits until everything before the position is applied.
     *
     * @return false when the time ran out
     */
    public boolean awaitApplied(Lsn lsn, Duration timeout) throws InterruptedException {
        throw new UnsupportedOperationException();
    }

    /** Makes what was applied durable, logs first, then the manifest; returns that position. */
    public Lsn sync() {
        throw new UnsupportedOperationException();
    }

    /** The position that is durable: after a start, the manifest's. */
    public Lsn durableLsn() {
        throw new UnsupportedOperationException();
    }

    /** The stream that the positions belong to; empty in a new directory and after a reset. */
    public Optional<NodeIdentity> identity() {
        throw new UnsupportedOperationException();
    }

    /** Writes the identity into the manifest, durable before it returns. */
    public void identify(NodeIdentity identity) {
        throw new UnsupportedOperationException();
    }

    /**
     * Forgets positions and identity and drops every shard, because the stream they belong to is
     * gone. Afterwards the directory is as new.
     */
    public void reset() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
