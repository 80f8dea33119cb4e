package io.annexdb.benchmarks.stream;

import io.annexdb.benchmarks.ann.dataset.Dataset;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * The searching thread: one search after the other by {@code annex.search}, k = 10, consistency
 * {@code eventual}, so that no search waits for the stream.
 *
 * <p>It searches for the row committed last by that row's own vector, again and again until the row
 * comes, and then for the row that is the last one by then; while there is none, for queries of the
 * data set. The time from the return of the commit to the answer that shows the row is the time
 * until it is visible. It holds the search that was under way at the commit and the one that found
 * the row, so it is above the truth by one to two searches.
 */
final class SearchBeside {
    private static final String SEARCH =
            "SELECT (hit).id FROM annex.search(NULL::stream_rows, 'embedding', ?, k => 10,"
                    + " consistency => 'eventual')";

    /** A row that does not come for so long counts as lost. */
    private static final long LOST_NANOS = 10_000_000_000L;

    private final PreparedStatement statement;
    private final Dataset dataset;
    private final Nanos searches = new Nanos();
    private final Nanos visible = new Nanos();
    private int lost;
    private int query;

    SearchBeside(Connection connection, Dataset dataset) throws SQLException {
        this.statement = connection.prepareStatement(SEARCH);
        this.dataset = dataset;
    }

    /** Time of each search. */
    Nanos searches() {
        return searches;
    }

    /** Time until visible, of each row looked for. */
    Nanos visible() {
        return visible;
    }

    /** Rows that did not come within ten seconds. */
    int lost() {
        return lost;
    }

    /** Drops what was measured. */
    void forget() {
        searches.clear();
        visible.clear();
        lost = 0;
    }

    /** Searches with queries of the data set only. */
    void alone(int seconds) throws SQLException {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < deadline) {
            searchQuery();
        }
    }

    /** Searches until the stream has ended. */
    void beside(CopyRows stream, Thread writer) throws SQLException {
        CopyRows.@Nullable Committed done = stream.newest();
        while (writer.isAlive()) {
            CopyRows.@Nullable Committed newest = stream.newest();
            if (newest == null || newest.equals(done)) {
                searchQuery();
            } else {
                follow(newest);
                done = newest;
            }
        }
    }

    private void follow(CopyRows.Committed row) throws SQLException {
        float[] vector = dataset.base().row(row.row());
        while (!search(vector, row.row())) {
            if (System.nanoTime() - row.nanos() > LOST_NANOS) {
                lost++;
                return;
            }
        }
        visible.add(System.nanoTime() - row.nanos());
    }

    private void searchQuery() throws SQLException {
        search(dataset.queries().row(query++ % dataset.queries().rows()), -1);
    }

    private boolean search(float[] vector, long wanted) throws SQLException {
        long started = System.nanoTime();
        boolean found = false;
        statement.setObject(1, vector);
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                found |= rows.getLong(1) == wanted;
            }
        }
        searches.add(System.nanoTime() - started);
        return found;
    }
}
