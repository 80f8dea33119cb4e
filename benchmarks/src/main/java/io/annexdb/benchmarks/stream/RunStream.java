package io.annexdb.benchmarks.stream;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.DevelopmentServer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** A whole run: table, index, preloaded rows, searches alone, then the stream with all beside. */
final class RunStream {
    private static final int PRELOAD_TRANSACTION_ROWS = 1_000;
    private static final int ALONE_SECONDS_MOST = 10;

    private final DevelopmentServer server;
    private final Dataset dataset;
    private final StreamPlan plan;

    RunStream(DevelopmentServer server, Dataset dataset, StreamPlan plan) {
        this.server = server;
        this.dataset = dataset;
        this.plan = plan;
    }

    StreamReport run() throws IOException, SQLException, InterruptedException {
        try (Connection writing = connect();
                Connection searching = connect();
                Connection watching = connect()) {
            CopyRows rows =
                    new CopyRows(
                            writing,
                            dataset.base(),
                            Math.max(PRELOAD_TRANSACTION_ROWS, plan.transactionRows()));
            WatchIndex watch = new WatchIndex(watching, rows);
            preload(watching, rows, watch);
            SearchBeside search = new SearchBeside(searching, dataset);
            StreamReport.Searches alone = searchAlone(search);
            return stream(rows, watch, search, alone);
        }
    }

    private void preload(Connection connection, CopyRows rows, WatchIndex watch)
            throws SQLException, InterruptedException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE stream_rows (id bigint PRIMARY KEY, embedding real[] NOT NULL)");
            // As docs/guide.md advises: ANALYZE takes seconds for the components of vectors.
            statement.execute("ALTER TABLE stream_rows ALTER embedding SET STATISTICS 0");
            try (Progress _ = Progress.start("Load rows", 0)) {
                rows.run(plan.preloadedRows(), PRELOAD_TRANSACTION_ROWS);
            }
            statement.execute(
                    "SELECT annex.create_index('stream_rows', 'embedding', name => 'stream_rows',"
                            + " metric => '%s', method => 'hnsw')"
                                    .formatted(dataset.metric().sqlName()));
            try (Progress progress = Progress.start("Copy and link", plan.preloadedRows())) {
                statement.execute("SELECT annex.wait_for_index('stream_rows')");
                watch.awaitLinked(progress::advanceTo);
            }
        }
    }

    private StreamReport.Searches searchAlone(SearchBeside search) throws SQLException {
        int seconds = Math.min(ALONE_SECONDS_MOST, plan.seconds());
        try (Progress _ = Progress.start("Search alone", 0)) {
            search.alone(seconds); // the JVMs compile
            search.forget();
            search.alone(seconds);
        }
        StreamReport.Searches alone = StreamReport.Searches.of(seconds, search.searches());
        search.forget();
        return alone;
    }

    private StreamReport stream(
            CopyRows rows, WatchIndex watch, SearchBeside search, StreamReport.Searches alone)
            throws SQLException, InterruptedException {
        if (plan.warmUpSeconds() > 0) {
            stream("Warm up", rows, watch, search, plan.warmUpSeconds());
            search.forget();
            plan.checkLeft(dataset.base().rows() - rows.rows());
        }
        int before = rows.rows();
        Streamed streamed = stream("Stream", rows, watch, search, plan.seconds());
        return new StreamReport(
                dataset.name(),
                dataset.base().dimension(),
                plan,
                rows.rows() - before,
                streamed.seconds(),
                alone,
                StreamReport.Searches.of(streamed.seconds(), search.searches()),
                search.visible(),
                search.lost(),
                streamed.samples(),
                watch.awaitLinked(linked -> {}));
    }

    /** How long rows were streamed, and the index meanwhile. */
    private record Streamed(double seconds, List<WatchIndex.Sample> samples) {}

    private Streamed stream(
            String phase, CopyRows rows, WatchIndex watch, SearchBeside search, int seconds)
            throws SQLException, InterruptedException {
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        AtomicReference<Double> took = new AtomicReference<>(0.0);
        Thread writer = thread("stream", failure, () -> took.set(rows.stream(plan, seconds)));
        Thread searcher = thread("search", failure, () -> search.beside(rows, writer));
        List<WatchIndex.Sample> samples;
        try (Progress _ = Progress.start(phase, 0)) {
            writer.start();
            searcher.start();
            samples = watch.run(writer);
            searcher.join();
        }
        if (failure.get() != null) {
            throw new SQLException("the stream failed: " + failure.get(), failure.get());
        }
        return new Streamed(took.get(), samples);
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread thread(
            String name, AtomicReference<@Nullable Exception> failure, Work work) {
        return Thread.ofPlatform()
                .daemon()
                .name(name)
                .unstarted(() -> {
                    try {
                        work.run();
                    } catch (Exception e) {
                        failure.compareAndSet(null, e);
                    }
                });
    }

    private Connection connect() throws SQLException, IOException {
        Connection connection =
                DriverManager.getConnection(
                        server.jdbcUrl() + "?prepareThreshold=1", server.user(), server.password());
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET annex.fallback = 'error'");
        }
        return connection;
    }
}
