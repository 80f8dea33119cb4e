package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All shards' indexes of one sidecar, the node's positions, and their files: a manifest, a lock,
 * and one directory per shard.
 */
public final class IndexRegistry implements AutoCloseable {
    private final IndexSettings settings;
    private final FileChannel lockFile;
    private final Map<ShardKey, VectorIndex> open = new ConcurrentHashMap<>();
    private final AppliedPosition applied;
    private final Linkers linkers;
    private final Shared shared;
    private final OpenShard openShard;

    /** Guards the manifest, and openings and drops of shards. */
    private final Object files = new Object();

    private final NodeManifest manifest;
    private volatile @Nullable String suspension;

    private IndexRegistry(IndexSettings settings, FileChannel lockFile) {
        this.settings = settings;
        this.lockFile = lockFile;
        manifest = new NodeManifest(settings.directory(), open);
        applied = new AppliedPosition(durableLsn());
        ScratchPool scratches = new ScratchPool();
        linkers = new Linkers(settings.linkerThreads(), scratches, this::lookAround);
        shared =
                new Shared(
                        settings,
                        new MemoryBudget(settings.memoryLimitBytes()),
                        scratches,
                        linkers,
                        this::saveManifest);
        openShard = new OpenShard(shared, manifest);
        linkers.start();
    }

    /**
     * Opens the directory and reads its manifest; opens no shard yet.
     *
     * @throws AnnexException CONFIGURATION if another process has the directory open;
     *     OUT_OF_RESOURCES if it cannot be read or written
     */
    public static IndexRegistry open(IndexSettings settings) {
        Path directory = settings.directory();
        try {
            Files.createDirectories(directory);
            FileChannel lockFile = LockDirectory.lock(directory);
            return new IndexRegistry(settings, lockFile);
        } catch (IOException e) {
            throw ShardFiles.failed("open", directory, e);
        }
    }

    /**
     * The index of a shard: from its files when they fit the definition and its first copy was
     * finished, else empty and LOADING. A shard already open is returned as it is, unless its
     * definition has changed.
     */
    public VectorIndex openOrCreate(ShardDefinition shard) {
        synchronized (files) {
            VectorIndex known = open.get(shard.key());
            if (known != null && ShardFiles.fit(known.definition(), shard)) {
                return known.isUntouchedDraft() ? redefine(known, shard) : known;
            }
            if (known != null) {
                drop(shard.key());
            }
            VectorIndex index = openShard.open(shard);
            open.put(shard.key(), index);
            index.background().wake();
            return index;
        }
    }

    private void lookAround() {
        for (VectorIndex index : open.values()) {
            index.background().wakeIfDue();
        }
    }

    /** A draft becomes what the catalog shows now: its index may have another number. */
    private VectorIndex redefine(VectorIndex draft, ShardDefinition shard) {
        if (draft.definition().equals(shard)) {
            return draft;
        }
        VectorIndex next = draft.distrusted(shard);
        open.put(shard.key(), next);
        return next;
    }

    /**
     * Takes a shard out of service: its rows may not be the table's. They are kept, and the next
     * copy compares them. Searches in flight end well.
     */
    public void distrust(ShardKey key) {
        synchronized (files) {
            VectorIndex index = open.get(key);
            if (index == null) {
                manifest.forget(key);
            } else if (index.state() == State.FAILED) {
                open.remove(key);
                manifest.forget(key);
            } else if (!index.isUntouchedDraft()) {
                VectorIndex draft = index.distrusted(index.definition());
                open.put(key, draft);
                manifest.forgetFileNode(key);
                saveManifest();
                draft.background().wake();
            }
        }
    }

    /**
     * Goes back to a position, for the server has lost what came after it: each log is cut behind
     * its last commit up to there. A shard whose log begins later is distrusted.
     *
     * @return how many shards are at that position now
     */
    public int rewind(Lsn position) {
        synchronized (files) {
            int rewound = 0;
            for (VectorIndex index : List.copyOf(open.values())) {
                rewound += rewind(index, position) ? 1 : 0;
            }
            manifest.save(position, manifest.saved().identity());
            applied.set(position);
            suspension = null;
            return rewound;
        }
    }

    private boolean rewind(VectorIndex index, Lsn position) {
        ShardKey key = index.definition().key();
        if (index.state() != State.READY) {
            distrust(key);
            return false;
        }
        VectorIndex next = openShard.openUpTo(position, index);
        open.put(key, next);
        next.background().wake();
        return next.state() == State.READY;
    }

    /** Closes the shard's index and deletes its files. Searches in flight end well. */
    public void drop(ShardKey key) {
        synchronized (files) {
            VectorIndex index = open.remove(key);
            manifest.forget(key);
            Failpoint.SHARD_FORGOTTEN.pass();
            if (index != null) {
                index.drop();
            } else {
                ShardFiles.of(settings, key).delete();
            }
            Failpoint.SHARD_DELETED.pass();
        }
    }

    /** Every shard with files here, also those not opened. */
    public Set<ShardKey> onDisk() {
        return ShardFiles.shards(settings.directory());
    }

    /**
     * Takes all shards out of service until {@link #rewind}, {@link #forgetPositions}, {@link
     * #reset} or {@link #resume}: what they hold may not be what the server holds.
     */
    public void suspend(String reason) {
        suspension = reason;
    }

    /** What they hold is what the server holds. */
    public void resume() {
        suspension = null;
    }

    /** Why no shard may serve now, if so. */
    public Optional<String> suspension() {
        return Optional.ofNullable(suspension);
    }

    /** Native memory that all indexes have taken together, in bytes. */
    public long memoryUsedBytes() {
        return shared.budget().usedBytes();
    }

    /** The most that they may take. */
    public long memoryLimitBytes() {
        return shared.budget().limitBytes();
    }

    /** What the first copy of an index may still take; negative when that has begun to lack. */
    public long memoryForNewBytes() {
        return shared.budget().freeForNewBytes();
    }

    /** The open shards. */
    public Collection<VectorIndex> open() {
        return List.copyOf(open.values());
    }

    /** The open shards of one index. */
    public List<VectorIndex> shardsOf(long indexId) {
        return open.values().stream()
                .filter(index -> index.definition().index().id() == indexId)
                .toList();
    }

    /** Says that everything before this position is applied, and wakes those who wait for it. */
    public void advanceApplied(Lsn endLsn) {
        applied.advance(endLsn);
        linkers.transactionCame();
    }

    /** A transaction has begun to come: what can wait makes room for it, some milliseconds. */
    public void transactionComes() {
        linkers.transactionComes();
    }

    /**
     * The furthest position of which anything is held. One of several shards may be ahead of all
     * together, when the process ended while a transaction ended in them.
     */
    public Lsn furthestLsn() {
        return open.values().stream()
                .filter(index -> index.state() == State.READY)
                .map(VectorIndex::lsn)
                .reduce(applied.get(), Lsn::max);
    }

    public Lsn appliedLsn() {
        return applied.get();
    }

    /**
     * Waits until everything before the position is applied.
     *
     * @return false when the time ran out
     */
    public boolean awaitApplied(Lsn lsn, Duration timeout) throws InterruptedException {
        return applied.await(lsn, timeout);
    }

    /** Makes what was applied durable, logs first, then the manifest; returns that position. */
    public Lsn sync() {
        synchronized (files) {
            Lsn reached = applied.get();
            AnnexException failure = null;
            for (VectorIndex index : open.values()) {
                if (index.state() == State.READY) {
                    failure = sync(index, failure);
                }
            }
            if (failure != null) {
                throw failure;
            }
            return manifest.advance(reached);
        }
    }

    /** Returns the first failure so far; a log that is lost gets a successor from a linker. */
    private @Nullable AnnexException sync(VectorIndex index, @Nullable AnnexException before) {
        try {
            index.store().sync();
            return before;
        } catch (AnnexException e) {
            index.background().wake();
            return before == null ? e : before;
        }
    }

    /** Bytes of all logs that the disk has refused so far; 0 while it takes them. */
    public long unwrittenBytes() {
        return open.values().stream().mapToLong(index -> index.store().unwrittenBytes()).sum();
    }

    /** The position that is durable: after a start, the manifest's. */
    public Lsn durableLsn() {
        return manifest.saved().lsn();
    }

    /** The stream that the positions belong to; empty in a new directory and after a reset. */
    public Optional<NodeIdentity> identity() {
        return Optional.ofNullable(manifest.saved().identity());
    }

    /** What {@link #published} was given last; empty while there is nothing. */
    public String publication() {
        return manifest.saved().publication();
    }

    /** Writes a line about the publication into the manifest, durable before it returns. */
    public void published(String publication) {
        synchronized (files) {
            manifest.save(publication);
        }
    }

    /** In which file of the server the shard's relation was seen last. */
    public Optional<Long> fileNode(ShardKey key) {
        return manifest.fileNode(key);
    }

    /** The shard's relation is in this file; durable with the next position. */
    public void fileNode(ShardKey key, long fileNode) {
        manifest.fileNode(key, fileNode);
    }

    /** Writes the identity into the manifest, durable before it returns. */
    public void identify(NodeIdentity identity) {
        synchronized (files) {
            manifest.save(durableLsn(), identity);
            Failpoint.NODE_IDENTIFIED.pass();
        }
    }

    /**
     * Forgets positions and identity, because the stream they belong to is gone or has a gap, and
     * distrusts every shard.
     */
    public void forgetPositions() {
        synchronized (files) {
            for (ShardKey key : List.copyOf(open.keySet())) {
                distrust(key);
            }
            manifest.forgetAll();
            Failpoint.NODE_FORGOTTEN.pass();
            applied.set(Lsn.ZERO);
            suspension = null;
        }
    }

    /**
     * Forgets positions and identity and drops every shard, because the stream they belong to is
     * gone. Afterwards the directory is as new.
     */
    public void reset() {
        synchronized (files) {
            manifest.forgetAll();
            Failpoint.NODE_FORGOTTEN.pass();
            for (ShardKey key : List.copyOf(open.keySet())) {
                drop(key);
            }
            for (ShardKey key : onDisk()) {
                drop(key);
            }
            applied.set(Lsn.ZERO);
            suspension = null;
        }
    }

    @Override
    public void close() {
        linkers.close();
        synchronized (files) {
            sync();
            for (VectorIndex index : open.values()) {
                index.close();
            }
            open.clear();
        }
        try {
            lockFile.close();
        } catch (IOException e) {
            throw ShardFiles.failed("close", settings.directory(), e);
        }
    }

    private void saveManifest() {
        synchronized (files) {
            manifest.save();
        }
    }
}
