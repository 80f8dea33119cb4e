package io.annexdb.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;

import javax.sql.DataSource;

/**
 * Vector search in PostgreSQL, for Java. Safe for use by many threads; keeps a pool of connections.
 *
 * <pre>{@code
 * try (var annex = AnnexClient.builder("jdbc:postgresql://localhost/app").user("app").build()) {
 *     annex.createIndex(IndexSpec.on("docs", "embedding").metric(Metric.COSINE).build());
 *     annex.waitForIndex("docs_embedding", Duration.ofMinutes(10), progress -> {});
 *     List<Hit<String>> hits =
 *             annex.search(
 *                     SearchRequest.of("docs", "embedding", query, row -> row.getString("title"))
 *                             .k(5)
 *                             .filter("lang = ?", "en")
 *                             .build());
 * }
 * }</pre>
 *
 * <p>Every method that reaches the database throws {@link AnnexClientException}, or a subclass of
 * it that says what kind of failure it is, with the server's message, hint and SQLSTATE.
 */
public final class AnnexClient implements AutoCloseable {
    private final DataSource dataSource;
    private final @Nullable HikariDataSource ownPool;

    private AnnexClient(DataSource dataSource, @Nullable HikariDataSource ownPool) {
        this.dataSource = dataSource;
        this.ownPool = ownPool;
    }

    /**
     * A client with a pool of its own.
     *
     * @param jdbcUrl {@code jdbc:postgresql://host:port/database}, of the coordinator on Citus
     */
    public static Builder builder(String jdbcUrl) {
        return new Builder(jdbcUrl);
    }

    /** A client over the caller's connections, which stay the caller's to close. */
    public static AnnexClient over(DataSource dataSource) {
        return new AnnexClient(dataSource, null);
    }

    /**
     * Creates an index. It fills in the background; {@link #waitForIndex} tells when it answers.
     *
     * @return the index's name
     */
    public String createIndex(IndexSpec spec) {
        Given.nonNull(spec, "spec");
        return run(connection -> IndexStatements.create(connection, spec));
    }

    /** Drops an index; the table stays as it is. An unknown name is an error. */
    public void dropIndex(String name) {
        Given.nonNull(name, "name");
        run(connection -> {
            IndexStatements.drop(connection, name);
            return true;
        });
    }

    /**
     * Waits until an index is complete and has caught up with the table.
     *
     * @param timeout how long at most, to the millisecond
     * @param progress called on this thread a few times a second
     * @throws SearchTimeoutException when the time runs out
     */
    public void waitForIndex(String name, Duration timeout, Consumer<IndexProgress> progress) {
        Given.nonNull(name, "name");
        Given.nonNull(timeout, "timeout");
        Given.nonNull(progress, "progress");
        run(connection -> {
            new IndexWait(connection, name, timeout, progress).run();
            return true;
        });
    }

    /**
     * Loads rows by COPY, a transaction for each batch. When it fails, the batches reported to the
     * load's progress listener are in the table, and the failing batch is not.
     *
     * @param rows read once, on this thread
     * @return the number of rows sent
     */
    public <T> long load(BulkLoad<T> load, Iterator<? extends T> rows) {
        Given.nonNull(load, "load");
        Given.nonNull(rows, "rows");
        return run(connection -> new BulkLoader<>(connection, load).run(rows));
    }

    /**
     * The nearest rows of a table, nearest first; ties by key. The rows are read under the role of
     * the connection, with its privileges and row-level security.
     *
     * @return k hits, or as many as match
     * @throws IllegalArgumentException when the request has several vectors
     */
    public <T> List<Hit<T>> search(SearchRequest<T> request) {
        Given.nonNull(request, "request");
        return run(connection -> SearchStatement.run(connection, request));
    }

    /**
     * The nearest rows to each vector of a request made by {@link SearchRequest#ofAll}, in one
     * round trip: as {@link #search} for each of them, of one moment, in a fraction of the time.
     * The server's setting {@code annex.consistency_timeout} is for the whole batch.
     *
     * @return for each vector, in the request's order, its k hits, or as many as match
     * @throws InvalidRequestException also when the batch is larger than the server allows
     */
    public <T> List<List<Hit<T>>> searchBatch(SearchRequest<T> request) {
        Given.nonNull(request, "request");
        return run(connection -> SearchStatement.runAll(connection, request));
    }

    /** Closes the pool, if it is the client's own; statements under way fail. */
    @Override
    public void close() {
        if (ownPool != null) {
            ownPool.close();
        }
    }

    private <R> R run(Work<R> work) {
        try (Connection connection = dataSource.getConnection()) {
            return work.on(connection);
        } catch (SQLException e) {
            throw SqlErrors.translate(e);
        }
    }

    private interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    /** Collects what a client with its own pool needs. */
    public static final class Builder {
        private final HikariConfig config = new HikariConfig();

        private Builder(String jdbcUrl) {
            config.setJdbcUrl(jdbcUrl);
            config.setPoolName("annex");
            config.setMaximumPoolSize(10);
            config.setMinimumIdle(1);
        }

        public Builder user(String name) {
            config.setUsername(name);
            return this;
        }

        public Builder password(String value) {
            config.setPassword(value);
            return this;
        }

        /** Most connections at a time, 1 and up; 10 when not set. */
        public Builder poolSize(int connections) {
            config.setMaximumPoolSize(connections);
            config.setMinimumIdle(Math.min(connections, config.getMinimumIdle()));
            return this;
        }

        /** How long a call waits for a free connection, 250 ms and up; 30 s when not set. */
        public Builder connectionTimeout(Duration timeout) {
            config.setConnectionTimeout(timeout.toMillis());
            return this;
        }

        /**
         * What searches do when the index cannot answer; the server's setting when not set. It is
         * set once for each connection, so a pooler in transaction mode needs it in the role
         * instead: {@code ALTER ROLE app SET annex.fallback = 'error'}.
         */
        public Builder fallback(Fallback value) {
            config.setConnectionInitSql("SET annex.fallback = '" + value.sqlName() + "'");
            return this;
        }

        /** Any driver property, as pgjdbc documents it, for example {@code sslmode}. */
        public Builder property(String name, String value) {
            config.addDataSourceProperty(name, value);
            return this;
        }

        /** Connects once, so that a wrong address or password fails here. */
        public AnnexClient build() {
            try {
                HikariDataSource pool = new HikariDataSource(config);
                return new AnnexClient(pool, pool);
            } catch (RuntimeException e) {
                throw causeOf(e);
            }
        }

        private static RuntimeException causeOf(RuntimeException failure) {
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException sql) {
                    return SqlErrors.translate(sql);
                }
            }
            return failure;
        }
    }
}
