package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.telemetry.Failpoint;
import io.annexdb.sidecar.telemetry.RecoveryDecision;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;

/**
 * The first copy of one shard, while the stream goes on; or a later one, after a gap or of a
 * damaged file, with which the rows that are there are compared. The table is published and the
 * stream carries it already; then:
 *
 * <ol>
 *   <li>a temporary slot gives a snapshot and its position P;
 *   <li>between two transactions the index begins to load at P: from here the stream's transactions
 *       after P are applied, those up to P are skipped;
 *   <li>the snapshot's rows are loaded, except those that the stream has touched;
 *   <li>when the stream has been applied up to P as well, the index is ready.
 * </ol>
 */
final class Backfill implements SlowJob {
    private static final Logger LOG = LoggerFactory.getLogger(Backfill.class);
    private static final int SNAPSHOTS_MAX = 10;
    private static final String COPYING = "copying";

    private final IndexRegistry registry;
    private final ShardRoute route;
    private final ShardDefinition shard;
    private final RelationFacts facts;
    private final Telemetry telemetry;
    private final SnapshotBesideStream snapshot;
    private final RowRate rate = new RowRate();
    private volatile String phase = "waiting for its turn";

    /** The shard is as the catalog shows it now; the route's own may have an older name. */
    Backfill(
            SourceSettings settings,
            IndexRegistry registry,
            Ingest ingest,
            ShardRoute route,
            ShardDefinition shard,
            RelationFacts facts,
            Telemetry telemetry) {
        this.registry = registry;
        this.route = route;
        this.shard = shard;
        this.facts = facts;
        this.telemetry = telemetry;
        this.snapshot = new SnapshotBesideStream(settings, registry, ingest, "copy", () -> false);
    }

    ShardRoute route() {
        return route;
    }

    @Override
    public void run() throws SQLException, InterruptedException {
        try {
            copyWhole();
        } catch (AnnexException e) {
            if (e.code() != ErrorCode.OUT_OF_RESOURCES) {
                throw e;
            }
            // Not to be tried at once again, and others need the memory.
            route.fail(e);
        }
    }

    private void copyWhole() throws SQLException, InterruptedException {
        long started = System.nanoTime();
        long draftRows = route.index().draftRows();
        try {
            checkRoom(draftRows);
            phase = "waiting for a snapshot";
            Lsn consistentPoint = begin();
            phase = COPYING;
            long rows = copy();
            Failpoint.LOAD_COPIED.pass();
            phase = "catching up with the stream";
            snapshot.awaitApplied(consistentPoint);
            snapshot.betweenTransactions(route::endLoad);
            route.index().finishLoad();
            telemetry.rebuilt();
            report(rows, draftRows, consistentPoint, System.nanoTime() - started);
        } finally {
            snapshot.release();
        }
    }

    private void report(long rows, long draftRows, Lsn consistentPoint, long nanos) {
        long millis = Duration.ofNanos(nanos).toMillis();
        if (draftRows == 0) {
            LOG.info(
                    "Copied {} rows of {} for index {} as of {} in {} ms",
                    rows,
                    shard.relation(),
                    shard.index().name(),
                    consistentPoint,
                    millis);
            return;
        }
        telemetry.recovered(RecoveryDecision.RECONCILE);
        CopyResult result = route.index().copied();
        LOG.info(
                "Compared {} rows of {} with {} rows of index {} as of {} in {} ms: {} kept, {}"
                        + " changed, {} added, {} removed",
                rows,
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

    /** Refuses what cannot fit by the planner's count before anything is copied. */
    private void checkRoom(long draftRows) {
        long rows = Math.max(0, facts.estimatedRows() - draftRows);
        long bytes = shard.index().bytesPerRowLeast() * rows;
        long free = registry.memoryForNewBytes();
        if (bytes > free) {
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
    }

    @Override
    public int slotProcessId() {
        return snapshot.slotProcessId();
    }

    @Override
    public Set<Long> indexes() {
        return Set.of(shard.index().id());
    }

    @Override
    public String phase() {
        return phase;
    }

    @Override
    public double rowsPerSecond() {
        return phase.equals(COPYING) ? rate.perSecond() : 0;
    }

    @Override
    public String subject() {
        return "First copy of " + shard.relation() + " for index " + shard.index().name();
    }

    @Override
    public void cancel() {
        snapshot.cancel();
    }

    /** Takes snapshots until one is so fresh that all changes since are still at hand. */
    private Lsn begin() throws SQLException, InterruptedException {
        for (int attempt = 0; attempt < SNAPSHOTS_MAX; attempt++) {
            Lsn consistentPoint = snapshot.take();
            Failpoint.SNAPSHOT_TAKEN.pass();
            boolean[] begun = new boolean[1];
            snapshot.betweenTransactions(
                    () -> begun[0] = route.beginLoad(consistentPoint, facts.estimatedRows()));
            if (begun[0]) {
                Failpoint.LOAD_BEGUN.pass();
                return consistentPoint;
            }
        }
        throw new AnnexException(
                ErrorCode.NOT_SERVABLE,
                SNAPSHOTS_MAX
                        + " snapshots were each overtaken by more than "
                        + WaitingChanges.ROWS_MAX
                        + " changes",
                "It is tried again; load large amounts of rows before creating the index.");
    }

    private long copy() throws SQLException {
        rate.begin();
        snapshot.read(
                shard,
                facts,
                (reader, row) -> {
                    route.load(reader, row);
                    Failpoint.LOAD_ROW.pass();
                    rate.count();
                });
        return rate.rows();
    }
}
