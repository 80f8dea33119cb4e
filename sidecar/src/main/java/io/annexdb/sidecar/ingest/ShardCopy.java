package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.BlockRange;
import io.annexdb.sidecar.replication.CopyQuery;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.RowPlace;
import io.annexdb.sidecar.replication.SnapshotReader;
import io.annexdb.sidecar.replication.TableExtent;
import io.annexdb.sidecar.replication.Tuple;
import io.annexdb.sidecar.telemetry.CopyKind;
import io.annexdb.sidecar.telemetry.Failpoint;
import io.annexdb.sidecar.telemetry.RecoveryDecision;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;

/**
 * The copy of one shard, part by part, by any number of connections. Where the index has rows of
 * before (a copy that ended early, a gap), a part is read with hashes in the vectors' place first,
 * and only rows that the index has not are read whole; behind a part of which it has nothing, all
 * are read whole at once.
 */
final class ShardCopy {
    private static final Logger LOG = LoggerFactory.getLogger(ShardCopy.class);
    private static final int PLACES_MAX = 1_000;
    private static final String WAITING = "waiting for its turn";

    private final ShardRoute route;
    private final ShardDefinition shard;
    private final RelationFacts facts;
    private final IndexRegistry registry;
    private final Telemetry telemetry;
    private final CopyQuery query;
    private final RowReader reader;
    private final RowRate rate = new RowRate();
    private final AtomicInteger partsLeft = new AtomicInteger();
    private final AtomicBoolean started = new AtomicBoolean();
    private volatile boolean hasRoom;
    private volatile boolean unwanted;
    private volatile boolean byHash;
    private volatile String phase = WAITING;
    private long draftRows;
    private long beganNanos;

    /** The shard is as the catalog shows it now; the route's own may have an older name. */
    ShardCopy(
            ShardRoute route,
            ShardDefinition shard,
            RelationFacts facts,
            IndexRegistry registry,
            Telemetry telemetry) {
        this.route = route;
        this.shard = shard;
        this.facts = facts;
        this.registry = registry;
        this.telemetry = telemetry;
        Relation relation = ShardCheck.copied(shard, facts);
        this.reader = new RowReader(shard.index(), relation);
        this.query =
                new CopyQuery(
                        shard.relation(),
                        relation.columns().stream().map(Relation.Column::name).toList());
    }

    ShardRoute route() {
        return route;
    }

    ShardDefinition shard() {
        return shard;
    }

    /** Nobody wants it any more; from any thread. */
    void leave() {
        unwanted = true;
    }

    boolean isWanted() {
        return !unwanted;
    }

    String phase() {
        return phase;
    }

    void phase(String now) {
        phase = now;
    }

    double rowsPerSecond() {
        return partsLeft.get() > 0 ? rate.perSecond() : 0;
    }

    /**
     * How large the table is, if its file is the one that the audit has seen. Of another one the
     * snapshot shows no rows, or others than it had.
     *
     * @throws AnnexException NOT_SERVABLE for another file
     */
    long blocks(SnapshotReader connection) throws SQLException {
        TableExtent now = connection.extent(facts.oid());
        if (now.fileNode() != facts.fileNode()) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    shard.relation() + " was rewritten or truncated while it was copied",
                    "It is copied again.");
        }
        return now.blocks();
    }

    /**
     * Begins at the snapshot's position, between two transactions.
     *
     * @return false when too much has come since
     */
    boolean begin(Lsn consistentPoint) {
        draftRows = route.index().draftRows();
        byHash = draftRows > 0;
        return route.beginLoad(consistentPoint, facts.estimatedRows());
    }

    /** What is to be read of a table of so many blocks. */
    List<ShardPart> parts(long blocks, int readers) {
        List<ShardPart> parts =
                BlockRange.split(blocks, readers).stream()
                        .map(range -> new ShardPart(this, range))
                        .toList();
        partsLeft.set(parts.size());
        beganNanos = System.nanoTime();
        phase = WAITING;
        return parts;
    }

    /**
     * Reads one part.
     *
     * @return whether it was the last one
     * @throws AnnexException OUT_OF_RESOURCES when the rows do not fit
     */
    boolean read(SnapshotReader connection, BlockRange part, BooleanSupplier ended)
            throws SQLException {
        if (!started.getAndSet(true)) {
            checkRoom(route.index().status().dimension());
            rate.begin();
        }
        BooleanSupplier toEnd = () -> unwanted || ended.getAsBoolean();
        if (byHash) {
            phase = "comparing";
            compare(connection, part, toEnd);
        } else {
            phase = "copying";
            connection.rows(query, part, this::load, toEnd);
        }
        return partsLeft.decrementAndGet() == 0;
    }

    private void compare(SnapshotReader connection, BlockRange part, BooleanSupplier toEnd)
            throws SQLException {
        LongStream.Builder missing = LongStream.builder();
        long[] rows = new long[1];
        connection.hashes(
                query,
                part,
                shard.index().column(),
                shard.index().elements(),
                row -> {
                    rows[0]++;
                    if (route.confirm(reader, row)) {
                        counted();
                    } else {
                        missing.accept(RowPlace.of(row));
                    }
                },
                toEnd);
        long[] places = missing.build().toArray();
        if (rows[0] > 0 && places.length == rows[0]) {
            byHash = false;
        }
        for (int from = 0; from < places.length && !toEnd.getAsBoolean(); from += PLACES_MAX) {
            int to = Math.min(places.length, from + PLACES_MAX);
            connection.rows(query, Arrays.copyOfRange(places, from, to), this::load, toEnd);
        }
    }

    private void load(Tuple row) {
        if (!hasRoom && reader.hasVector(row)) {
            checkRoom(reader.vector(row).length);
        }
        route.load(reader, row);
        counted();
    }

    private void counted() {
        Failpoint.LOAD_ROW.pass();
        rate.count();
    }

    /**
     * Refuses what cannot fit by the planner's count before anything is copied, or with the first
     * row, where only that says what the dimension is.
     *
     * @param dimension 0 while it is not known
     */
    private synchronized void checkRoom(int dimension) {
        if (dimension == 0 || hasRoom) {
            return;
        }
        long rows = Math.max(0, facts.estimatedRows() - draftRows);
        long bytes = shard.index().bytesPerRowLeast(dimension) * rows;
        if (bytes > registry.memoryForNewBytes()) {
            throw new AnnexException(
                    ErrorCode.OUT_OF_RESOURCES,
                    ("about %,d rows of %s need at least %,d bytes, but %,d of %,d bytes of index"
                                    + " memory are taken")
                            .formatted(
                                    rows,
                                    shard.relation(),
                                    bytes,
                                    registry.memoryUsedBytes(),
                                    registry.memoryLimitBytes()),
                    "Raise the memory limit of the sidecar, drop an index, or ANALYZE the table if"
                            + " it has fewer rows.");
        }
        hasRoom = true;
    }

    /** All rows of the snapshot have come, and the stream is behind it: the index serves. */
    void finish(Lsn consistentPoint) {
        if (!route.index().finishLoad()) {
            LOG.warn("Copying {} once more: its vectors have another dimension", shard.relation());
            return;
        }
        telemetry.copied(draftRows == 0 ? CopyKind.FILLED : CopyKind.COMPARED);
        report(consistentPoint, Duration.ofNanos(System.nanoTime() - beganNanos).toMillis());
    }

    private void report(Lsn consistentPoint, long millis) {
        VectorIndex index = route.index();
        if (draftRows == 0) {
            LOG.info(
                    "Copied {} rows of {} for index {} as of {} in {} ms",
                    rate.rows(),
                    shard.relation(),
                    shard.index().name(),
                    consistentPoint,
                    millis);
            return;
        }
        telemetry.recovered(RecoveryDecision.RECONCILE);
        CopyResult result = index.copied();
        LOG.info(
                "Compared {} rows of {} with {} rows of index {} as of {} in {} ms: {} kept, {}"
                        + " changed, {} added, {} removed",
                rate.rows(),
                shard.relation(),
                draftRows,
                shard.index().name(),
                consistentPoint,
                millis,
                result.kept(),
                result.changed(),
                result.added(),
                result.removed());
    }
}
