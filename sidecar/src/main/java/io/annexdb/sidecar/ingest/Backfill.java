package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.SnapshotReader;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The first copy of some shards, of one snapshot, while the stream goes on; or a later one, after a
 * gap or of a damaged file, with which the rows that are there are compared. The tables are
 * published and the stream carries them already; then:
 *
 * <ol>
 *   <li>a temporary slot gives a snapshot and its position P, and several connections take it over;
 *   <li>between two transactions the indexes begin to load at P: from here the stream's
 *       transactions after P are applied, those up to P are skipped;
 *   <li>the snapshot's rows are loaded, table after table, each by all connections, except those
 *       that the stream has touched;
 *   <li>when the stream has been applied up to P as well, a shard whose rows have all come is
 *       ready.
 * </ol>
 */
final class Backfill implements SlowJob {
    private static final int SNAPSHOTS_MAX = 10;

    private final List<ShardCopy> shards;
    private final SnapshotBesideStream snapshot;
    private final int connections;
    private volatile @Nullable AnnexException failure;

    /** The snapshot is to be this copy's own; so many connections read it. */
    Backfill(List<ShardCopy> shards, SnapshotBesideStream snapshot, int connections) {
        this.shards = List.copyOf(shards);
        this.snapshot = snapshot;
        this.connections = connections;
    }

    boolean isOf(ShardRoute route) {
        return wanted().anyMatch(shard -> shard.route().equals(route));
    }

    /** The shard's copy is not wanted any more; from any thread. */
    void leave(ShardRoute route) {
        shards.stream().filter(shard -> shard.route().equals(route)).forEach(ShardCopy::leave);
        if (wanted().findAny().isEmpty()) {
            cancel();
        }
    }

    @Override
    public void run() throws SQLException, InterruptedException {
        if (wanted().findAny().isEmpty()) {
            return;
        }
        try {
            copyAll();
        } finally {
            snapshot.release();
        }
        AnnexException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    private void copyAll() throws SQLException, InterruptedException {
        Map<ShardCopy, Long> begun = new LinkedHashMap<>();
        Lsn consistentPoint = begin(begun);
        Failpoint.LOAD_BEGUN.pass();
        List<SnapshotReader> readers = snapshot.readers();
        List<ShardPart> parts = new ArrayList<>();
        begun.forEach((shard, blocks) -> parts.addAll(shard.parts(blocks, readers.size())));
        ReadParts.run(readers, parts, (reader, part) -> read(reader, part, consistentPoint));
        snapshot.requireWanted();
    }

    /**
     * Takes snapshots until one is so fresh that all changes since are still at hand; not for each
     * shard, for the others come with the next copy.
     *
     * @param begun gets the shards that have begun, with the blocks of their tables
     */
    private Lsn begin(Map<ShardCopy, Long> begun) throws SQLException, InterruptedException {
        wanted().forEach(shard -> shard.phase("waiting for a snapshot"));
        for (int attempt = 0; attempt < SNAPSHOTS_MAX; attempt++) {
            Lsn consistentPoint = snapshot.take(connections);
            Failpoint.SNAPSHOT_TAKEN.pass();
            Map<ShardCopy, Long> blocks = blocks();
            snapshot.betweenTransactions(() ->
                    blocks.forEach((shard, each) -> {
                        if (shard.isWanted() && shard.begin(consistentPoint)) {
                            begun.put(shard, each);
                        }
                    }));
            if (!begun.isEmpty() || blocks.isEmpty()) {
                shards.stream().filter(Predicate.not(begun::containsKey)).forEach(ShardCopy::leave);
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

    /** Of the tables that are what they were. */
    private Map<ShardCopy, Long> blocks() throws SQLException, InterruptedException {
        Map<ShardCopy, Long> blocks = new LinkedHashMap<>();
        SnapshotReader reader = snapshot.readers().getFirst();
        for (ShardCopy shard : wanted().toList()) {
            apart(shard, reader, () -> blocks.put(shard, shard.blocks(reader)));
        }
        return blocks;
    }

    private void read(SnapshotReader reader, ShardPart part, Lsn consistentPoint)
            throws SQLException, InterruptedException {
        ShardCopy shard = part.shard();
        if (shard.isWanted()) {
            apart(
                    shard,
                    reader,
                    () -> {
                        if (shard.read(reader, part.blocks(), snapshot::isUnwanted)
                                && shard.isWanted()) {
                            finish(shard, reader, consistentPoint);
                        }
                    });
        }
    }

    private interface Step {
        void run() throws SQLException, InterruptedException;
    }

    /** What is wrong with one table keeps no other from being copied. */
    private void apart(ShardCopy shard, SnapshotReader reader, Step step)
            throws SQLException, InterruptedException {
        try {
            step.run();
        } catch (AnnexException e) {
            snapshot.requireWanted();
            failed(shard, e);
        } catch (SQLException e) {
            snapshot.requireWanted();
            if (reader.isLost()) {
                throw e;
            }
            failed(
                    shard,
                    new AnnexException(
                            ErrorCode.CONFIGURATION,
                            "the table cannot be read: " + e.getMessage(),
                            null,
                            e));
        }
    }

    private void finish(ShardCopy shard, SnapshotReader reader, Lsn consistentPoint)
            throws SQLException, InterruptedException {
        snapshot.requireWanted();
        // Nothing was read of another file than the snapshot's.
        shard.blocks(reader);
        Failpoint.LOAD_COPIED.pass();
        shard.phase("catching up with the stream");
        snapshot.awaitApplied(consistentPoint);
        snapshot.betweenTransactions(shard.route()::endLoad);
        shard.finish(consistentPoint);
        shard.leave();
    }

    /**
     * A table that is another one now is read by the next copy; what is else in the way may last.
     */
    private void failed(ShardCopy shard, AnnexException e) {
        shard.leave();
        if (e.code() == ErrorCode.NOT_SERVABLE) {
            failure =
                    new AnnexException(
                            e.code(), shard.shard().relation() + ": " + e.getMessage(), null, e);
        } else {
            shard.route().fail(e);
        }
    }

    private Stream<ShardCopy> wanted() {
        return shards.stream().filter(ShardCopy::isWanted);
    }

    @Override
    public int slotProcessId() {
        return snapshot.slotProcessId();
    }

    @Override
    public Set<Long> indexes() {
        return wanted().map(Backfill::indexId).collect(Collectors.toSet());
    }

    private static long indexId(ShardCopy shard) {
        return shard.shard().index().id();
    }

    @Override
    public IndexActivity activity(long indexId, @Nullable String waitsFor) {
        List<ShardCopy> ofIndex = wanted().filter(shard -> indexId(shard) == indexId).toList();
        return new IndexActivity(
                ofIndex.stream()
                        .map(ShardCopy::phase)
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(", ")),
                ofIndex.stream().mapToDouble(ShardCopy::rowsPerSecond).sum(),
                waitsFor);
    }

    @Override
    public String subject() {
        ShardDefinition first = shards.getFirst().shard();
        String others = shards.size() == 1 ? "" : " and " + (shards.size() - 1) + " more";
        return "Copy of " + first.relation() + " for index " + first.index().name() + others;
    }

    @Override
    public void cancel() {
        snapshot.cancel();
    }
}
