package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.segment.ShardLog;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * The rows of a shard and the log that they are in: every change goes to the log first, then to
 * memory. While a compaction copies them, the keys of all changes are written down in its journal.
 * For whoever holds the writing lock of the {@link ShardStore}; what says so may be asked at any
 * time.
 */
final class LoggedRows implements ShardLog {
    private final Rows rows;
    private volatile LogWriter log;
    private long number;

    /** Whether the log holds a whole copy of the table, and a restart may rely on it. */
    private boolean complete;

    /** Keys changed since a compaction began; null when there is none. */
    private @Nullable Set<RowKey> journal;

    /** Rows and a log, of that number, which belong together. */
    LoggedRows(Rows rows, LogWriter log, long number, boolean complete) {
        this.rows = rows;
        this.log = log;
        this.number = number;
        this.complete = complete;
    }

    /** At any time. */
    LogWriter log() {
        return log;
    }

    /** The log's number. */
    long number() {
        return number;
    }

    boolean isComplete() {
        return complete;
    }

    /** How much of the log the manifest may name once it is on disk. */
    DurableLog committed() {
        return new DurableLog(number, log.committed());
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

    /** From here on the rows are a draft, and their log not what a restart may rely on. */
    void distrust() {
        complete = false;
        journal = null;
    }

    /** Goes on with the next log; returns the number of the one before. */
    long startLog(LogWriter next) {
        LogWriter old = log;
        log = next;
        journal = null;
        old.close();
        return number++;
    }

    /** From here on, the keys of all changes are written down; null if that cannot be. */
    @Nullable Set<RowKey> startJournal(Generation generation) {
        if (!complete || journal != null || rows.generation() != generation) {
            return null;
        }
        Set<RowKey> started = new HashSet<>();
        journal = started;
        return started;
    }

    /** Whether all changes of the generation since are written down there, and can be relied on. */
    @SuppressWarnings("ReferenceEquality") // another journal belongs to another compaction
    boolean hasAllChanges(Set<RowKey> changed, Generation generation) {
        return complete && rows.generation() == generation && journal == changed;
    }

    /** Writes no more keys down there. */
    @SuppressWarnings("ReferenceEquality") // as above
    void endJournal(Set<RowKey> changed) {
        if (journal == changed) {
            journal = null;
        }
    }

    private void note(RowKey key) {
        if (journal != null) {
            journal.add(key);
        }
    }
}
