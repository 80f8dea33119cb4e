package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.RowComparison;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.TableComparison;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.Tuple;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Compares one shard with its relation as of one position, while the stream goes on:
 *
 * <ol>
 *   <li>from now on the index writes down which keys are touched;
 *   <li>a temporary slot gives a snapshot and its position P; the index has applied P;
 *   <li>each row of the snapshot is held against the index, unless it was touched: an untouched row
 *       is in the index as it was at P;
 *   <li>rows of the index that the snapshot has not are extra, unless they were touched;
 *   <li>between two transactions, differences that are still untouched are repaired with the
 *       snapshot's values;
 *   <li>rows that were touched are compared one by one, as of a later position: {@link
 *       RecheckRows}.
 * </ol>
 *
 * <p>When rows got other slots meanwhile (compaction, TRUNCATE), or more were written than can be
 * remembered, it begins again.
 */
final class CompareTable {
    private static final Logger LOG = LoggerFactory.getLogger(CompareTable.class);
    private static final int ATTEMPTS_MAX = 5;

    private final Reconcile.Followed followed;
    private final ShardRoute route;
    private final ShardDefinition shard;
    private final RelationFacts facts;
    private final BooleanSupplier cancelled;
    private final RowRate rows;
    private final SnapshotBesideStream snapshot;

    /**
     * Prepares it.
     *
     * @param cancelled whether to end early
     * @param rows counts the rows of this table that were looked at
     */
    CompareTable(
            SourceSettings settings,
            IndexRegistry registry,
            Ingest ingest,
            Reconcile.Followed followed,
            BooleanSupplier cancelled,
            RowRate rows) {
        this.followed = followed;
        this.route = followed.route();
        this.shard = followed.shard();
        this.facts = followed.facts();
        this.cancelled = cancelled;
        this.rows = rows;
        this.snapshot = new SnapshotBesideStream(settings, registry, ingest, "verify", cancelled);
    }

    /**
     * Compares.
     *
     * @param repair whether differences are repaired
     * @return what was found; {@code rebuilding} says that the shard has to be filled anew
     * @throws AnnexException NOT_SERVABLE when the shard is not ready, or changes faster than it
     *     can be compared; QUERY_CANCELED
     */
    TableComparison run(boolean repair) throws SQLException, InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            try (RowComparison comparison = index().compare()) {
                Optional<TableComparison> done = compare(comparison, repair);
                if (done.isPresent()) {
                    log(done.get());
                    return done.get();
                }
            } finally {
                snapshot.release();
            }
        }
        throw new AnnexException(
                ErrorCode.NOT_SERVABLE,
                shard.relation() + " changed faster than it could be compared",
                "Compare at a time of fewer writes.");
    }

    /** Process that is making the slot, or 0. */
    int slotProcessId() {
        return snapshot.slotProcessId();
    }

    /** For messages. */
    String subject() {
        return "Comparison of " + shard.relation() + " with index " + shard.index().name();
    }

    /** Ends it soon, whatever it waits for; from any thread. */
    void abort() {
        snapshot.cancel();
    }

    private VectorIndex index() {
        return route.index();
    }

    private Optional<TableComparison> compare(RowComparison comparison, boolean repair)
            throws SQLException, InterruptedException {
        Lsn position = snapshot.take(1);
        snapshot.awaitApplied(position);
        FoundDifferences found = new FoundDifferences();
        long tableRows = read(comparison, found);
        comparison.extras(
                key -> found.add(RowDifference.Kind.EXTRA, key, null, comparison::isUntouched),
                cancelled);
        snapshot.requireWanted();
        if (comparison.isOvertaken()) {
            return Optional.empty();
        }
        long indexRows = comparison.rows();
        List<RowKey> written = comparison.touched();
        found.forget(written);
        long repaired = repair && !found.areTooMany() ? repair(found) : 0;
        repaired += new RecheckRows(snapshot, followed, comparison, repair, found).run(written);
        return Optional.of(
                new TableComparison(
                        shard.relation(),
                        position,
                        tableRows,
                        indexRows,
                        written.size(),
                        found.count(),
                        found.listed(),
                        repaired,
                        repair && found.areTooMany()));
    }

    private long read(RowComparison comparison, FoundDifferences found) throws SQLException {
        long[] indexable = new long[1];
        rows.begin();
        snapshot.read(
                shard,
                facts,
                (reader, row) -> {
                    rows.count();
                    if (compare(comparison, found, reader, row)) {
                        indexable[0]++;
                    }
                });
        return indexable[0];
    }

    private static boolean compare(
            RowComparison comparison, FoundDifferences found, RowReader reader, Tuple row) {
        RowValues values = RowValues.read(reader, row);
        if (values == null || !comparison.isIndexable(values.vector())) {
            return false;
        }
        comparison
                .row(values.key(), values.namespace(), values.attributes(), values.vector())
                .ifPresent(kind -> found.add(kind, values.key(), values, comparison::isUntouched));
        return true;
    }

    private long repair(FoundDifferences found) throws InterruptedException {
        if (found.count() == 0) {
            return 0;
        }
        long[] repaired = new long[1];
        snapshot.betweenTransactions(() -> repaired[0] = found.repair(index()));
        return repaired[0];
    }

    private void log(TableComparison done) {
        if (done.differenceCount() == 0) {
            LOG.info(
                    "{} rows of {} are as in index {} at {}, {} changed meanwhile",
                    done.tableRows(),
                    shard.relation(),
                    shard.index().name(),
                    done.position(),
                    done.changing());
        } else {
            LOG.error(
                    "{} rows of {} differ from index {} at {}: {} repaired{}; the first: {}",
                    done.differenceCount(),
                    shard.relation(),
                    shard.index().name(),
                    done.position(),
                    done.repaired(),
                    done.rebuilding() ? ", the index is filled anew" : "",
                    done.differences().getFirst());
        }
    }
}
