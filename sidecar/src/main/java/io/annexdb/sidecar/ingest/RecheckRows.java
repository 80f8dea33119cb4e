package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.RowComparison;
import io.annexdb.sidecar.index.RowHistory;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.RelationFacts;

import org.jspecify.annotations.Nullable;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compares rows that were written while their table was compared, and may be written again and
 * again: the index keeps their versions by position, a snapshot gives the table's rows as of one
 * position, and each is held against the version of that position.
 */
final class RecheckRows {
    /** What one snapshot, and one statement, is asked for. */
    private static final int SNAPSHOT_ROWS_MAX = 50_000;

    private static final int STATEMENT_ROWS_MAX = 1_000;

    private final SnapshotBesideStream snapshot;
    private final ShardDefinition shard;
    private final RelationFacts facts;
    private final RowComparison comparison;
    private final VectorIndex index;
    private final boolean repair;
    private final FoundDifferences all;
    private long repaired;

    /** The differences found get those of these rows besides. */
    RecheckRows(
            SnapshotBesideStream snapshot,
            Reconcile.Followed followed,
            RowComparison comparison,
            boolean repair,
            FoundDifferences all) {
        this.snapshot = snapshot;
        this.shard = followed.shard();
        this.facts = followed.facts();
        this.index = followed.route().index();
        this.comparison = comparison;
        this.repair = repair;
        this.all = all;
    }

    /**
     * Compares them, each once.
     *
     * @return how many differences were repaired
     * @throws AnnexException NOT_SERVABLE when a row changes too often to be followed
     */
    long run(List<RowKey> keys) throws SQLException, InterruptedException {
        for (int from = 0; from < keys.size(); from += SNAPSHOT_ROWS_MAX) {
            ofOneSnapshot(keys.subList(from, Math.min(keys.size(), from + SNAPSHOT_ROWS_MAX)));
        }
        return repaired;
    }

    private void ofOneSnapshot(List<RowKey> keys) throws SQLException, InterruptedException {
        RowHistory[] begun = new RowHistory[1];
        snapshot.betweenTransactions(() -> begun[0] = comparison.history(keys));
        try (RowHistory history = begun[0]) {
            Lsn position = snapshot.take(1);
            snapshot.awaitApplied(position);
            FoundDifferences found = compare(keys, history, position);
            if (!history.isOverflown()) {
                settle(found);
                return;
            }
        }
        if (keys.size() == 1) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    shard.relation() + ": a row changed too often to be compared: " + keys,
                    "Compare at a time of fewer writes.");
        }
        ofOneSnapshot(keys.subList(0, keys.size() / 2));
        ofOneSnapshot(keys.subList(keys.size() / 2, keys.size()));
    }

    private FoundDifferences compare(List<RowKey> keys, RowHistory history, Lsn position)
            throws SQLException {
        FoundDifferences found = new FoundDifferences();
        for (int from = 0; from < keys.size(); from += STATEMENT_ROWS_MAX) {
            List<RowKey> asked =
                    keys.subList(from, Math.min(keys.size(), from + STATEMENT_ROWS_MAX));
            Map<RowKey, RowValues> table = read(asked);
            for (RowKey key : asked) {
                RowValues values = table.get(key);
                difference(key, values, history, position)
                        .ifPresent(kind ->
                                found.add(
                                        kind,
                                        key,
                                        values,
                                        row -> history.isUntouchedSince(row, position)));
            }
        }
        return found;
    }

    /** The table's rows of these keys whose vectors are to be in the index. */
    private Map<RowKey, RowValues> read(List<RowKey> keys) throws SQLException {
        Map<RowKey, RowValues> rows = new HashMap<>();
        List<Relation.Column> keyColumns =
                shard.index().keyColumns().stream().map(this::column).toList();
        snapshot.read(
                shard,
                facts,
                keyColumns,
                keys,
                (reader, row) -> {
                    RowValues values = RowValues.read(reader, row);
                    if (values != null && comparison.isIndexable(values.vector())) {
                        rows.put(values.key(), values);
                    }
                });
        return rows;
    }

    private Relation.Column column(String name) {
        return facts.columns().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Optional<RowDifference.Kind> difference(
            RowKey key, @Nullable RowValues table, RowHistory history, Lsn position) {
        if (table == null) {
            return history.has(key, position)
                    ? Optional.of(RowDifference.Kind.EXTRA)
                    : Optional.empty();
        }
        return history.row(key, position, table.namespace(), table.attributes(), table.vector());
    }

    private void settle(FoundDifferences found) throws InterruptedException {
        if (repair && found.count() > 0 && !found.areTooMany()) {
            snapshot.betweenTransactions(() -> repaired += found.repair(index));
        }
        all.addAll(found);
    }
}
