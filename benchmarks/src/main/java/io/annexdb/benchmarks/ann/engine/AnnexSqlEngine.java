package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.benchmarks.server.StopAtExit;
import io.annexdb.sidecar.model.Method;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Annex as an application has it: {@code annex.search} by JDBC, with an embedded PostgreSQL 18 and
 * a sidecar. Statements are prepared, vectors travel in binary form, a connection for each thread,
 * consistency {@code eventual} because nothing is written.
 */
final class AnnexSqlEngine implements Engine {
    private static final long POLL_NANOS = 20_000_000;

    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable DevelopmentServer server;
    private String filter = "";

    @Override
    public Map<String, String> parameters() {
        return parameters;
    }

    @Override
    public void build(VectorFile base, BuildRequest request, BuildProgress progress)
            throws IOException {
        server =
                new DevelopmentServer(
                        ServerFolder.at(request.directory().resolve("server")),
                        new Ports(0, 0, 0).resolve());
        StopAtExit.register(server);
        if (request.filtered()) {
            filter = "bucket < " + RowHash.bucketLimit(request.selectivity());
        }
        try {
            progress.at("start", 0, 0);
            server.start();
            build(server, base, request, progress);
        } catch (SQLException e) {
            throw new IOException("building failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void build(
            DevelopmentServer started,
            VectorFile base,
            BuildRequest request,
            BuildProgress progress)
            throws SQLException, IOException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE items (id integer PRIMARY KEY, bucket integer NOT NULL,"
                            + " embedding real[] NOT NULL)");
            LoadItems.run(started.jdbcUrl(), started.user(), started.password(), base, progress);
            statement.execute("VACUUM ANALYZE items");
            createIndex(statement, request);
            progress.at("copy", 0, 0);
            statement.execute("SELECT annex.wait_for_index('items')");
            awaitLinked(statement, progress);
        }
        parameters.put("method", request.method().sqlName());
        parameters.put("quantization", request.quantization().sqlName());
        parameters.put("m", Integer.toString(request.m()));
        parameters.put("ef_construction", Integer.toString(request.efConstruction()));
        parameters.put("asked by", "JDBC, prepared, binary, annex.search, eventual");
        parameters.put("filter", filter.isEmpty() ? "none" : filter + ", included");
    }

    /** The filter's column belongs to the index. */
    private void createIndex(Statement statement, BuildRequest request) throws SQLException {
        String create =
                String.format(
                        Locale.ROOT,
                        "SELECT annex.create_index('items', 'embedding', name => 'items', metric =>"
                            + " '%s', method => '%s', options => '{%s\"quantization\": \"%s\"}'",
                        request.metric().sqlName(),
                        request.method().sqlName(),
                        request.method() == Method.IVFPQ
                                ? "" // lists choose their own segments
                                : "\"m\": %d, \"ef_construction\": %d, "
                                        .formatted(request.m(), request.efConstruction()),
                        request.quantization().sqlName());
        statement.execute(create + (filter.isEmpty() ? ")" : ", include => '{bucket}')"));
    }

    private static void awaitLinked(Statement statement, BuildProgress progress)
            throws SQLException {
        long rows = 0;
        long fresh = 1;
        while (fresh > 0) {
            LockSupport.parkNanos(POLL_NANOS);
            try (ResultSet row =
                    statement.executeQuery(
                            "SELECT rows, fresh FROM annex.index_status WHERE index_name ="
                                    + " 'items'")) {
                row.next();
                rows = row.getLong(1);
                fresh = row.getLong(2);
            }
            progress.at("link", rows - fresh, rows);
        }
    }

    /** What the sidecar says that the index takes. */
    @Override
    public long bytes() throws IOException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT memory_bytes FROM annex.index_status WHERE index_name ="
                                        + " 'items'")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public Searcher<int[]> searcher() throws IOException {
        try {
            return new SqlSearcher(
                    connect(),
                    new SqlSearcher.Texts() {
                        @Override
                        public String setEf(int ef) {
                            return "SET annex.ef_search = " + ef;
                        }

                        @Override
                        public String search(int k) {
                            return "SELECT (hit).id FROM annex.search(NULL::items, 'embedding', ?,"
                                    + " k => "
                                    + k
                                    + (filter.isEmpty() ? "" : ", filter => '" + filter + "'")
                                    + ", consistency => 'eventual')";
                        }
                    });
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private Connection connect() throws SQLException, IOException {
        if (server == null) {
            throw new IllegalStateException("the index is not built");
        }
        Connection connection =
                DriverManager.getConnection(
                        server.jdbcUrl() + "?prepareThreshold=1", server.user(), server.password());
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET annex.fallback = 'error'");
        }
        return connection;
    }

    @Override
    public void close() throws IOException {
        if (server != null) {
            server.close();
        }
    }
}
