package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.replication.RowChange;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * What the stream brings for a shard before its snapshot's position is known. Only transactions
 * after that position will be needed, and it lies close to the newest, so the oldest changes are
 * forgotten when there are too many.
 */
final class WaitingChanges {
    /** Most changes that are kept, about a second of heavy writing. */
    static final int ROWS_MAX = 10_000;

    /** One transaction's changes of this shard; the position is where its commit record ends. */
    record Transaction(Lsn endLsn, List<RowChange> rows) {}

    private final Deque<Transaction> transactions = new ArrayDeque<>();
    private List<RowChange> current = new ArrayList<>();
    private int rows;
    private boolean overflown;
    private Lsn forgotten = Lsn.ZERO;

    /** A change of the transaction in progress. */
    void add(RowChange change) {
        overflown |= current.size() == ROWS_MAX;
        if (!overflown) {
            current.add(change);
        }
    }

    void commit(Lsn endLsn) {
        transactions.addLast(new Transaction(endLsn, current));
        rows += current.size();
        if (overflown) {
            forgetAll();
            forgotten = endLsn;
        }
        while (rows > ROWS_MAX) {
            Transaction oldest = transactions.removeFirst();
            rows -= oldest.rows().size();
            forgotten = oldest.endLsn();
        }
        current = new ArrayList<>();
        overflown = false;
    }

    private void forgetAll() {
        transactions.clear();
        rows = 0;
    }

    /** The transactions after a position; empty when some of them were forgotten. */
    Optional<List<Transaction>> after(Lsn position) {
        if (forgotten.compareTo(position) > 0) {
            return Optional.empty();
        }
        return Optional.of(
                transactions.stream()
                        .filter(each -> each.endLsn().compareTo(position) > 0)
                        .toList());
    }
}
