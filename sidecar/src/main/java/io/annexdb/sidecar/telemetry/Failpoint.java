package io.annexdb.sidecar.telemetry;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A place where a test has the process die: {@code -Dannex.failpoint=LOG_SYNCED:3} halts the JVM at
 * the third pass of that place, with status {@value #STATUS} and without any hook, as kill -9 would
 * at just that instant. Without the property, which only tests give, a pass is a branch that the
 * compiler drops. {@code docs/reliability.md} lists them.
 */
public enum Failpoint {
    LOG_CREATED("a new log's file is there and empty"),
    LOG_UNWRITTEN("records are gathered, the operating system has none of them"),
    LOG_WRITTEN("the operating system has the records, the disk may not"),
    LOG_SYNCED("a log is on disk up to here, the manifest does not say so"),
    LOG_CUT("after a restart: what lay behind the last commit is cut off"),
    FILE_REPLACED("a file took another's name, the directory is not on disk"),
    DIRECTORY_SYNCED("a directory's names are on disk"),
    MANIFEST_WRITTEN("the next manifest is written beside the old one, not on disk"),
    MANIFEST_SYNCED("the next manifest is on disk, the old one has the name"),
    MANIFEST_REPLACED("the next manifest is in place"),
    SYNC_BETWEEN("all logs are on disk, the manifest is behind"),
    SYNC_DONE("logs and manifest are on disk, nothing is acknowledged"),
    SHARD_CREATED("a new shard's directory and log are there, the manifest knows neither"),
    SHARD_FORGOTTEN("the manifest has forgotten a shard whose files are there"),
    SHARD_DELETED("a dropped shard's files are gone"),
    NODE_FORGOTTEN("the manifest is empty, the shards' files are there"),
    NODE_IDENTIFIED("the manifest says whose stream it belongs to, no stream has begun"),
    CHECKPOINT_BEGUN("a checkpoint's log is on disk, its graph not begun"),
    GRAPH_HALF("half of a graph is written"),
    GRAPH_WRITTEN("a graph is written, not on disk"),
    GRAPH_SYNCED("a graph is on disk under its temporary name"),
    GRAPH_REPLACED("a new graph is in place of the old one"),
    COMPACTION_BEGUN("a compaction writes down which keys change"),
    COMPACTION_COPIED("the live rows are in the next log, not on disk"),
    COMPACTION_SYNCED("the next log is on disk, the old one is in use"),
    COMPACTION_ADOPTED("the next log is in use, the manifest names the old one"),
    COMPACTION_SAVED("the manifest names the next log, the old one is not deleted"),
    CODES_TRAINED("codes are trained and in use"),
    LISTS_TRAINED("lists are trained, not in use"),
    LISTS_ADOPTED("trained lists are in use, none on disk"),
    LISTS_WRITTEN("lists are on disk under their temporary name"),
    BATCH_LINKED("a batch of rows is in the graph"),
    CATALOG_READ("an audit has read the catalog"),
    PUBLISHED("a publication holds the relations, their shards are not open"),
    SHARD_OPENED("a shard is open, the stream or its copy not begun"),
    UNPUBLISHED("with the last index the publication is dropped, the slot is there"),
    SLOT_DROPPED("the slot is gone, its successor not made"),
    SLOT_CREATED("a slot is made that the manifest does not know"),
    SNAPSHOT_TAKEN("a first copy has its snapshot, nothing is copied"),
    LOAD_BEGUN("the shard takes rows of the first copy and of the stream"),
    LOAD_ROW("a row of the first copy is stored"),
    LOAD_COPIED("all rows of the first copy are stored, the stream is behind them"),
    LOAD_ENDED("the end of the first copy is in the log, not on disk"),
    LOAD_SYNCED("the first copy is on disk, the manifest does not know the shard"),
    LOAD_SAVED("the manifest knows the shard"),
    STREAM_CHECKED("the connect checks passed, the stream is not started"),
    STREAM_STARTED("the stream is started, nothing has come"),
    STREAM_RECEIVED("a message has come, nothing is decoded"),
    EVENT_QUEUED("an event waits for ingest"),
    CHANGES_APPLIED("a part of a transaction is applied"),
    COMMIT_BETWEEN("a transaction has ended in one shard"),
    COMMIT_APPLIED("a transaction has ended in all shards"),
    UNACKNOWLEDGED("a position is on disk and about to be acknowledged"),
    ACKNOWLEDGED_HALF("the position is acknowledged, not yet taken back"),
    ACKNOWLEDGED("the position is acknowledged and taken back"),
    RECOVERED_ROWS("after a restart: a shard's log is replayed, its graph not read"),
    RECOVERED("after a restart: a shard is as it was");

    private static final int STATUS = 137;
    private static final @Nullable Armed ARMED = arm(System.getProperty("annex.failpoint"));

    private final String meaning;

    Failpoint(String meaning) {
        this.meaning = meaning;
    }

    /** The one that is armed, and how many passes it has left. */
    private record Armed(Failpoint failpoint, AtomicInteger left) {}

    /** What holds at this place, in a few words. */
    public String meaning() {
        return meaning;
    }

    /** Says that this place was reached. */
    public void pass() {
        if (ARMED != null && ARMED.failpoint == this && ARMED.left.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(STATUS);
        }
    }

    private static @Nullable Armed arm(@Nullable String armed) {
        if (armed == null || armed.isEmpty()) {
            return null;
        }
        int colon = armed.indexOf(':');
        return new Armed(
                valueOf(armed.substring(0, colon)),
                new AtomicInteger(Integer.parseInt(armed.substring(colon + 1))));
    }
}
