package io.annexdb.benchmarks.demo;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.jdbc.AnnexClient;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Creates the index by SQL, unless an earlier run has, and waits until every row is in it and
 * linked into the graph.
 */
final class BuildIndex {
    private static final String NAME = "glosses";
    private static final Duration LIMIT = Duration.ofMinutes(30);
    private static final long POLL_MILLIS = 200;
    private static final String CREATE =
            """
            SELECT annex.create_index('memory.memory_entries', 'embedding', name => 'glosses',
                       metric => 'cosine', method => 'hnsw', namespace_column => 'namespace')\
            """;

    private final Connection connection;
    private final AnnexClient client;
    private final PrintStream out;

    BuildIndex(Connection connection, AnnexClient client, PrintStream out) {
        this.connection = connection;
        this.client = client;
        this.out = out;
    }

    void run(long rows) throws SQLException, InterruptedException {
        if (!exists()) {
            out.println();
            out.println(CREATE.indent(2));
            try (Statement statement = connection.createStatement()) {
                statement.execute(CREATE);
            }
        }
        try (Progress progress = Progress.start("Fill the index", rows)) {
            client.waitForIndex(NAME, LIMIT, state -> progress.advanceTo(state.rowsDone()));
        }
        waitForLinks(rows);
    }

    private boolean exists() throws SQLException {
        String sql = "SELECT FROM memory.vector_indexes WHERE index_name = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, NAME);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    /** New rows are found by a scan until they are linked; the graph is what is to be measured. */
    private void waitForLinks(long rows) throws SQLException, InterruptedException {
        try (Progress progress = Progress.start("Link the graph", rows)) {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            Links links = links();
            while (links.missing() > 0) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            links.missing() + " of " + links.rows() + " rows are still not linked");
                }
                progress.advanceTo(links.rows() - links.missing(), links.rows());
                Thread.sleep(POLL_MILLIS);
                links = links();
            }
            progress.advanceTo(links.rows(), links.rows());
        }
    }

    private Links links() throws SQLException {
        String sql = "SELECT rows, fresh FROM annex.index_status WHERE index_name = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, NAME);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new IllegalStateException("annex.index_status does not list " + NAME);
                }
                return new Links(row.getLong(1), row.getLong(2));
            }
        }
    }

    private record Links(long rows, long missing) {}
}
