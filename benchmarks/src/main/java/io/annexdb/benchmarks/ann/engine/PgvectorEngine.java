package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.ExactDistance;
import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * pgvector's HNSW index, asked by JDBC: statements prepared, plans generic, vectors and answers in
 * binary form, a connection for each thread. With a filter, a WHERE clause and iterative scan in
 * strict order; the planner is kept from reading the whole table instead.
 */
final class PgvectorEngine implements Engine {
    private static final int MEMORY_LEAST_MEGABYTES = 1024;

    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable PgvectorServer server;
    private String search = "";
    private boolean filtered;

    @Override
    public Map<String, String> parameters() {
        return parameters;
    }

    @Override
    public void build(VectorFile base, BuildRequest request, BuildProgress progress)
            throws IOException {
        long bytes = (long) base.rows() * base.dimension() * Float.BYTES;
        server = PgvectorServer.start(MEMORY_LEAST_MEGABYTES + (int) ((2 * bytes) >> 20));
        filtered = request.filtered();
        search =
                "SELECT id FROM items %s ORDER BY embedding %s ?::real[]::vector LIMIT "
                        .formatted(
                                filtered
                                        ? "WHERE bucket < "
                                                + RowHash.bucketLimit(request.selectivity())
                                        : "",
                                operator(request.metric()));
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE EXTENSION vector");
            statement.execute(
                    "CREATE TABLE items (id integer PRIMARY KEY, bucket integer NOT NULL,"
                            + " embedding vector(%d) NOT NULL)".formatted(base.dimension()));
            long started = System.nanoTime();
            LoadItems.run(server.jdbcUrl(), server.user(), server.password(), base, progress);
            double loadSeconds = (System.nanoTime() - started) / 1e9;
            progress.at("create index", 0, 0);
            index(statement, request);
            describe(statement, request, loadSeconds);
        } catch (SQLException e) {
            throw new IOException("building failed: " + e.getMessage(), e);
        }
    }

    private static void index(Statement statement, BuildRequest request) throws SQLException {
        int workers = request.threads() - 1; // the session itself builds too
        statement.execute("SET max_parallel_maintenance_workers = " + workers);
        statement.execute("ALTER TABLE items SET (parallel_workers = " + workers + ")");
        statement.execute(
                "CREATE INDEX ON items USING hnsw (embedding %s) WITH (m = %d, ef_construction = %d)"
                        .formatted(
                                operatorClass(request.metric()),
                                request.m(),
                                request.efConstruction()));
        statement.execute("VACUUM ANALYZE items");
    }

    private void describe(Statement statement, BuildRequest request, double loadSeconds)
            throws SQLException {
        try (ResultSet row =
                statement.executeQuery(
                        "SELECT current_setting('server_version'), extversion FROM pg_extension"
                                + " WHERE extname = 'vector'")) {
            row.next();
            parameters.put("PostgreSQL", row.getString(1));
            parameters.put("pgvector", row.getString(2));
        }
        parameters.put("m", Integer.toString(request.m()));
        parameters.put("ef_construction", Integer.toString(request.efConstruction()));
        parameters.put("load", String.format(Locale.ROOT, "%.1f s of the build", loadSeconds));
        parameters.put("asked by", "JDBC, prepared, binary, generic plan");
        if (filtered) {
            parameters.put("filter", "WHERE, hnsw.iterative_scan = strict_order");
        }
    }

    private static String operator(Metric metric) {
        return switch (metric) {
            case COSINE -> "<=>";
            case INNER_PRODUCT -> "<#>";
            case L2 -> "<->";
            case L1, HAMMING, JACCARD -> throw ExactDistance.notMeasured(metric);
        };
    }

    private static String operatorClass(Metric metric) {
        return switch (metric) {
            case COSINE -> "vector_cosine_ops";
            case INNER_PRODUCT -> "vector_ip_ops";
            case L2 -> "vector_l2_ops";
            case L1, HAMMING, JACCARD -> throw ExactDistance.notMeasured(metric);
        };
    }

    /** Table and index. */
    @Override
    public long bytes() throws IOException {
        try (Connection connection = opened().connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_total_relation_size('items')")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public Searcher<int[]> searcher() throws IOException {
        try {
            Connection connection = opened().connect();
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET plan_cache_mode = force_generic_plan");
                statement.execute("SET enable_seqscan = off");
                if (filtered) {
                    statement.execute("SET hnsw.iterative_scan = strict_order");
                }
            }
            return new SqlSearcher(
                    connection,
                    new SqlSearcher.Texts() {
                        @Override
                        public String setEf(int ef) {
                            return "SET hnsw.ef_search = " + ef;
                        }

                        @Override
                        public String search(int k) {
                            return search + k;
                        }
                    });
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private PgvectorServer opened() {
        if (server == null) {
            throw new IllegalStateException("the index is not built");
        }
        return server;
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
