package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.CopyQuery;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.SnapshotCopy;
import io.annexdb.sidecar.replication.SnapshotReader;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.Tuple;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/**
 * A relation's rows as of one position of the log, while the stream goes on: a temporary slot gives
 * a snapshot and its position, its rows are read, and what has to fit the stream waits until that
 * is there, or between two transactions.
 *
 * <p>Taken by one thread; {@link #cancel} may come from another, and every method ends soon then.
 */
final class SnapshotBesideStream {
    private static final AtomicInteger SLOT_NUMBER = new AtomicInteger();
    private static final Duration STEP = Duration.ofMillis(200);

    private final SourceSettings settings;
    private final IndexRegistry registry;
    private final Ingest ingest;
    private final String purpose;
    private final BooleanSupplier unwanted;
    private volatile SnapshotCopy snapshot;
    private volatile boolean cancelled;

    /**
     * Prepares it.
     *
     * @param purpose part of the slots' names: lower-case letters
     * @param unwanted asked now and then whether to end, besides {@link #cancel}
     */
    SnapshotBesideStream(
            SourceSettings settings,
            IndexRegistry registry,
            Ingest ingest,
            String purpose,
            BooleanSupplier unwanted) {
        this.settings = settings;
        this.registry = registry;
        this.ingest = ingest;
        this.purpose = purpose;
        this.unwanted = unwanted;
        this.snapshot = new SnapshotCopy(settings);
    }

    /**
     * Takes a snapshot, in place of an earlier one.
     *
     * @param connections how many are to read it at once
     * @return its position: exactly what was committed before is in it
     */
    Lsn take(int connections) throws SQLException {
        release();
        snapshot = new SnapshotCopy(settings);
        requireWanted();
        return snapshot.takeSnapshot(
                settings.slotName() + "_" + purpose + "_" + SLOT_NUMBER.incrementAndGet(),
                connections);
    }

    /** The connections that see it, each for one thread. */
    List<SnapshotReader> readers() {
        return snapshot.readers();
    }

    /** Process that is making the slot, or 0. */
    int slotProcessId() {
        return snapshot.slotProcessId();
    }

    /** Gives each row of the relation, and what reads it; the snapshot has gone then. */
    void read(ShardDefinition shard, RelationFacts facts, BiConsumer<RowReader, Tuple> rows)
            throws SQLException {
        Relation relation = ShardCheck.copied(shard, facts);
        RowReader reader = new RowReader(shard.index(), relation);
        List<String> columns = relation.columns().stream().map(Relation.Column::name).toList();
        snapshot.copy(shard.relation(), columns, row -> rows.accept(reader, row), this::isUnwanted);
        release();
        requireWanted();
    }

    /** Gives the rows of these keys, whose columns are those. */
    void read(
            ShardDefinition shard,
            RelationFacts facts,
            List<Relation.Column> keyColumns,
            List<RowKey> keys,
            BiConsumer<RowReader, Tuple> rows)
            throws SQLException {
        Relation relation = ShardCheck.copied(shard, facts);
        RowReader reader = new RowReader(shard.index(), relation);
        List<String> columns = relation.columns().stream().map(Relation.Column::name).toList();
        readers()
                .getFirst()
                .rowsOf(
                        new CopyQuery(shard.relation(), columns),
                        keyColumns,
                        keys,
                        row -> rows.accept(reader, row),
                        this::isUnwanted);
        requireWanted();
    }

    /** Waits until the stream has been applied up to a position. */
    void awaitApplied(Lsn position) throws InterruptedException {
        while (!registry.awaitApplied(position, STEP)) {
            requireWanted();
        }
    }

    /** Does something while no transaction of the stream is in progress. */
    void betweenTransactions(Runnable action) throws InterruptedException {
        while (!ingest.betweenTransactions(action, STEP)) {
            requireWanted();
        }
    }

    /** The server need not keep the snapshot any longer. */
    void release() {
        snapshot.close();
    }

    /** Ends it, whatever it waits for; from any thread. */
    void cancel() {
        cancelled = true;
        release();
    }

    void requireWanted() {
        if (isUnwanted()) {
            throw new AnnexException(ErrorCode.QUERY_CANCELED, "nobody wants it any more", null);
        }
    }

    /** Whether nobody wants it any more. */
    boolean isUnwanted() {
        return cancelled || unwanted.getAsBoolean();
    }
}
