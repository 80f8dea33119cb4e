package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.ivfpq.Model;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What becomes of a shard's rows on disk: which log is in use, how much of it is durable, when
 * another takes its place, and what is deleted then. Changes go through {@link LoggedRows}, by one
 * writer at a time, which holds {@link #writing}; {@link #sync} and {@link WriteCheckpoint} run
 * beside it.
 *
 * <p>Locks, in this order: {@code files} (which logs are there), {@code writing} (rows and log).
 */
final class ShardStore {
    private static final Logger LOG = LoggerFactory.getLogger(ShardStore.class);

    final ReentrantLock writing = new ReentrantLock();
    private final WriteCheckpoint checkpoint;
    private final ReentrantLock files = new ReentrantLock();
    private final ShardDefinition definition;
    private final ShardFiles shardFiles;
    private final Rows rows;
    private final LoggedRows changes;
    private volatile @Nullable DurableLog durable;
    private boolean closed;

    /** A store over rows and a log that belong together. */
    ShardStore(
            ShardDefinition definition,
            ShardFiles shardFiles,
            Rows rows,
            LogWriter log,
            long logNumber,
            @Nullable DurableLog durable) {
        this.definition = definition;
        this.shardFiles = shardFiles;
        this.rows = rows;
        this.changes = new LoggedRows(rows, log, logNumber, durable != null);
        this.durable = durable;
        this.checkpoint = new WriteCheckpoint(definition, shardFiles, this);
    }

    /** An empty store; what was in the directory goes. */
    static ShardStore create(ShardDefinition definition, ShardFiles files, MemoryBudget budget) {
        files.delete();
        files.create();
        Rows rows = new Rows(definition.index(), budget, files.directory());
        LogWriter log = newLog(definition, files, 1);
        Failpoint.SHARD_CREATED.pass();
        return new ShardStore(definition, files, rows, log, 1, null);
    }

    Path directory() {
        return shardFiles.directory();
    }

    Rows rows() {
        return rows;
    }

    long fileBytes() {
        return shardFiles.bytes();
    }

    long logBytes() {
        return changes.log().bytes();
    }

    /** How much of the log is durable; null until the first copy is done. */
    @Nullable DurableLog durable() {
        return durable;
    }

    /** Through which rows are changed, by whoever holds {@link #writing}. */
    LoggedRows changes() {
        return changes;
    }

    /** Forgets all rows and begins an empty log; not durable, and not meant to be. */
    void restart() {
        files.lock();
        writing.lock();
        try {
            long oldNumber = changes.startLog(nextLog());
            durable = null;
            changes.distrust();
            rows.restart();
            forgetLog(oldNumber);
        } finally {
            writing.unlock();
            files.unlock();
        }
    }

    /** From here on the rows are a draft, and their log not what a restart may rely on. */
    void distrust() {
        files.lock();
        writing.lock();
        try {
            durable = null;
            changes.distrust();
        } finally {
            writing.unlock();
            files.unlock();
        }
    }

    /**
     * Closes, and gives back the memory at once. The log stays, as far as the disk takes it, for
     * what is good of it to be compared with the table; nothing relies on it.
     */
    void retire() {
        files.lock();
        writing.lock();
        try {
            durable = null;
            changes.distrust();
            closed = true;
            rows.restart();
            changes.log().flush();
        } catch (AnnexException e) {
            LOG.warn("{}: {}", definition.key(), e.getMessage());
        } finally {
            changes.log().close();
            writing.unlock();
            files.unlock();
        }
    }

    /** The log that comes after this one. */
    LogWriter nextLog() {
        return newLog(definition, shardFiles, changes.number() + 1);
    }

    private static LogWriter newLog(ShardDefinition definition, ShardFiles files, long number) {
        return LogWriter.create(
                files.log(number),
                ShardFiles.logFingerprint(definition),
                definition.index().elements());
    }

    private void forgetLog(long number) {
        ShardFiles.deleteQuietly(shardFiles.log(number));
        shardFiles.graphs().forEach(ShardFiles::deleteQuietly);
        ShardFiles.deleteQuietly(shardFiles.codes());
    }

    /** From here on, the keys of all changes are written down; null if that cannot be. */
    @Nullable Set<RowKey> startJournal(Generation generation) {
        writing.lock();
        try {
            return closed ? null : changes.startJournal(generation);
        } finally {
            writing.unlock();
        }
    }

    /**
     * Ends a compaction: brings the copy up to date and puts it in place.
     *
     * @return the number of the log that is no longer needed once the manifest names the new one,
     *     or -1 if the rows were truncated or dropped meanwhile
     */
    long adopt(Generation old, Set<RowKey> changed, LogWriter next, Rows copy) {
        files.lock();
        writing.lock();
        try {
            if (closed || !changes.hasAllChanges(changed, old)) {
                return -1;
            }
            Compact.catchUp(old.segment, changed, next, copy);
            if (copy.generation() == null && rows.isFree()) {
                // Others may have been skipped for it.
                Compact.keepDimension(old.segment, next, copy);
            }
            next.loaded(rows.lsn());
            next.flush();
            next.force();
            ShardFiles.forceDirectory(shardFiles.directory());
            long oldNumber = changes.startLog(next);
            rows.adopt(copy);
            durable = changes.committed();
            return oldNumber;
        } catch (IOException e) {
            throw ShardFiles.failed("fsync", shardFiles.directory(), e);
        } finally {
            writing.unlock();
            files.unlock();
        }
    }

    /** Removes files that the manifest no longer names. */
    void forget(long oldLog) {
        files.lock();
        try {
            forgetLog(oldLog);
        } finally {
            files.unlock();
        }
    }

    /** Ends a compaction that came to nothing. */
    void abandon(Set<RowKey> changed, LogWriter next, Rows copy) {
        writing.lock();
        try {
            changes.endJournal(changed);
        } finally {
            writing.unlock();
        }
        next.close();
        next.delete();
        copy.truncate();
    }

    /** Makes every committed change durable; of an incomplete log nobody may know, though. */
    void sync() {
        files.lock();
        try {
            LogWriter current;
            DurableLog reached;
            boolean known;
            writing.lock();
            try {
                if (closed) {
                    return;
                }
                known = changes.isComplete();
                if (isLogLost() && known && rows.generation() == null) {
                    rewriteEmpty();
                }
                current = changes.log();
                reached = changes.committed();
                if (reached.equals(durable)) {
                    return;
                }
                current.flush();
            } finally {
                writing.unlock();
            }
            current.force();
            if (durable == null) {
                ShardFiles.forceDirectory(shardFiles.directory());
            }
            durable = known ? reached : null;
        } catch (IOException e) {
            throw ShardFiles.failed("fsync", shardFiles.directory(), e);
        } finally {
            files.unlock();
        }
    }

    /** Where there are no rows there is no compaction to put another log in a lost one's place. */
    private void rewriteEmpty() {
        LogWriter next = nextLog();
        next.loaded(rows.lsn());
        ShardFiles.deleteQuietly(shardFiles.log(changes.startLog(next)));
    }

    /** For tests: the log's next fsync fails. */
    void failNextForce() {
        changes.log().failNextForce();
    }

    /** Whether the log must be replaced, because an fsync of it has failed. */
    boolean isLogLost() {
        return changes.log().isLost();
    }

    /** Bytes of the log that the disk has refused so far. */
    long unwrittenBytes() {
        return changes.log().unwrittenBytes();
    }

    /** Writes what searches go by to disk. */
    void checkpoint(Generation generation) throws InterruptedException {
        checkpoint.run(generation);
    }

    /** What a checkpoint of the generation can be written over; null when it is not ours now. */
    Checkpoints.@Nullable Base checkpointBase(Generation generation) {
        writing.lock();
        try {
            return rows.generation() != generation
                    ? null
                    : new Checkpoints.Base(
                            changes.number(),
                            rows.truncations(),
                            changes.log().committed(),
                            Math.min(generation.linking.linked(), rows.committedSlots()));
        } finally {
            writing.unlock();
        }
    }

    /**
     * Empty lists over a new file of blocks.
     *
     * @param newFrom slots from here on are of rows that the model has not been trained on
     */
    Lists newLists(Model model, int newFrom) {
        long number = shardFiles.nextBlocks();
        try {
            return Lists.create(model, shardFiles.blocks(number), number, newFrom);
        } catch (IOException e) {
            throw ShardFiles.failed("create", shardFiles.blocks(number), e);
        }
    }

    /** Writes what is gathered, and closes. */
    void closeWithLog() {
        writing.lock();
        try {
            changes.log().flush();
        } finally {
            writing.unlock();
        }
        close();
    }

    /** Closes the log and lets the memory go with its last reader. */
    void close() {
        files.lock();
        writing.lock();
        try {
            closed = true;
            changes.log().close();
            Generation generation = rows.generation();
            if (generation != null) {
                generation.gate.close();
            }
        } finally {
            writing.unlock();
            files.unlock();
        }
    }

    void deleteFiles() {
        shardFiles.delete();
    }
}
