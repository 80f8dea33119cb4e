package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.ivfpq.Model;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.segment.ShardLog;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The rows of a shard together with their log: every change goes to the log first, then to memory.
 * The changes are for one writer at a time, which holds {@link #writing}; {@link #sync} and {@link
 * WriteCheckpoint} run beside it.
 *
 * <p>Locks, in this order: {@code files} (which logs are there), {@code writing} (rows and log).
 */
final class ShardStore implements ShardLog {
    private static final Logger LOG = LoggerFactory.getLogger(ShardStore.class);

    final ReentrantLock writing = new ReentrantLock();
    private final WriteCheckpoint checkpoint;
    private final ReentrantLock files = new ReentrantLock();
    private final ShardDefinition definition;
    private final ShardFiles shardFiles;
    private final Rows rows;
    private volatile LogWriter log;
    private long logNumber;
    private volatile @Nullable DurableLog durable;

    /** Whether the log holds a whole copy of the table, and a restart may rely on it. */
    private boolean complete;

    /** Keys changed since a compaction began; null when there is none. */
    private @Nullable Set<RowKey> journal;

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
        this.log = log;
        this.logNumber = logNumber;
        this.durable = durable;
        this.complete = durable != null;
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
        return log.bytes();
    }

    /** How much of the log is durable; null until the first copy is done. */
    @Nullable DurableLog durable() {
        return durable;
    }

    @Override
    public void put(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        rows.ensureRoom(key, attributes, vector.length);
        note(key);
        log.put(key, namespace, attributes, vector);
        rows.put(key, namespace, attributes, vector);
    }

    @Override
    public void delete(RowKey key) {
        if (rows.contains(key)) {
            note(key);
            log.delete(key);
            rows.delete(key);
        }
    }

    @Override
    public void rekey(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        Objects.requireNonNull(rows.generation()).segment.ensureRoom(newKey, attributes);
        note(oldKey);
        note(newKey);
        log.rekey(oldKey, newKey, namespace, attributes);
        rows.rekey(oldKey, newKey, namespace, attributes);
    }

    @Override
    public void truncate() {
        log.truncate();
        rows.truncate();
    }

    @Override
    public void commit(Lsn endLsn) {
        log.commit(endLsn);
        rows.commit(endLsn);
    }

    @Override
    public void loaded(Lsn lsn) {
        log.loaded(lsn);
        rows.loaded(lsn);
        complete = true;
    }

    /** Forgets all rows and begins an empty log; not durable, and not meant to be. */
    void restart() {
        files.lock();
        writing.lock();
        try {
            long oldNumber = startLog(nextLog());
            durable = null;
            complete = false;
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
            complete = false;
            journal = null;
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
            complete = false;
            journal = null;
            closed = true;
            rows.restart();
            log.flush();
        } catch (AnnexException e) {
            LOG.warn("{}: {}", definition.key(), e.getMessage());
        } finally {
            log.close();
            writing.unlock();
            files.unlock();
        }
    }

    /** The log that comes after this one. */
    LogWriter nextLog() {
        return newLog(definition, shardFiles, logNumber + 1);
    }

    private static LogWriter newLog(ShardDefinition definition, ShardFiles files, long number) {
        return LogWriter.create(
                files.log(number),
                ShardFiles.logFingerprint(definition),
                definition.index().elements());
    }

    /** Goes on with the next log; returns the number of the one before. */
    private long startLog(LogWriter next) {
        LogWriter old = log;
        log = next;
        journal = null;
        old.close();
        return logNumber++;
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
            if (closed || !complete || journal != null || rows.generation() != generation) {
                return null;
            }
            Set<RowKey> started = new HashSet<>();
            journal = started;
            return started;
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
    @SuppressWarnings("ReferenceEquality") // another journal belongs to another compaction
    long adopt(Generation old, Set<RowKey> changed, LogWriter next, Rows copy) {
        files.lock();
        writing.lock();
        try {
            if (closed || !complete || rows.generation() != old || journal != changed) {
                return -1;
            }
            Compact.catchUp(old.segment, changed, next, copy);
            next.loaded(rows.lsn());
            next.flush();
            next.force();
            ShardFiles.forceDirectory(shardFiles.directory());
            long oldNumber = startLog(next);
            rows.adopt(copy);
            durable = new DurableLog(logNumber, next.committed());
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
    @SuppressWarnings("ReferenceEquality") // another journal belongs to another compaction
    void abandon(Set<RowKey> changed, LogWriter next, Rows copy) {
        writing.lock();
        try {
            if (journal == changed) {
                journal = null;
            }
        } finally {
            writing.unlock();
        }
        next.close();
        next.delete();
        copy.truncate();
    }

    private void note(RowKey key) {
        if (journal != null) {
            journal.add(key);
        }
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
                if (log.isLost() && complete && rows.generation() == null) {
                    rewriteEmpty();
                }
                current = log;
                reached = new DurableLog(logNumber, log.committed());
                if (reached.equals(durable)) {
                    return;
                }
                known = complete;
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
        ShardFiles.deleteQuietly(shardFiles.log(startLog(next)));
    }

    /** For tests: the log's next fsync fails. */
    void failNextForce() {
        log.failNextForce();
    }

    /** Whether the log must be replaced, because an fsync of it has failed. */
    boolean isLogLost() {
        return log.isLost();
    }

    /** Bytes of the log that the disk has refused so far. */
    long unwrittenBytes() {
        return log.unwrittenBytes();
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
                            logNumber,
                            rows.truncations(),
                            log.committed(),
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
            log.flush();
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
            log.close();
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
