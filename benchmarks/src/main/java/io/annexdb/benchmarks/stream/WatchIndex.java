package io.annexdb.benchmarks.stream;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** Reads once a second what the sidecar says about the index. */
final class WatchIndex {
    private static final long EVERY_MILLIS = 1_000;

    private final PreparedStatement statement;
    private final CopyRows stream;

    /**
     * The index at one moment.
     *
     * @param seconds since the stream began
     * @param committed rows that PostgreSQL has
     * @param indexed rows that the index has
     * @param fresh of those, rows that the graph does not have yet
     * @param lagBytes of the write-ahead log that the sidecar has not applied
     * @param memoryBytes of the index
     */
    record Sample(
            double seconds,
            long committed,
            long indexed,
            long fresh,
            long lagBytes,
            long memoryBytes) {}

    WatchIndex(Connection connection, CopyRows stream) throws SQLException {
        this.statement =
                connection.prepareStatement(
                        "SELECT rows, fresh, lag_bytes, memory_bytes FROM annex.index_status WHERE"
                                + " index_name = 'stream_rows'");
        this.stream = stream;
    }

    /** Samples while the writer writes. */
    List<Sample> run(Thread writer) throws SQLException, InterruptedException {
        List<Sample> samples = new ArrayList<>();
        long started = System.nanoTime();
        while (!writer.join(Duration.ofMillis(EVERY_MILLIS))) {
            Sample sample = sample(started);
            if (sample != null) {
                samples.add(sample);
            }
        }
        return List.copyOf(samples);
    }

    /** Waits until every committed row is in the graph, and returns how long that took. */
    double awaitLinked(LongConsumer linked) throws SQLException, InterruptedException {
        long started = System.nanoTime();
        Sample sample = sample(started);
        while (sample == null || sample.indexed() < stream.rows() || sample.fresh() > 0) {
            if (sample != null) {
                linked.accept(sample.indexed() - sample.fresh());
            }
            Thread.sleep(20);
            sample = sample(started);
        }
        return (System.nanoTime() - started) / 1e9;
    }

    private @Nullable Sample sample(long started) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            if (!row.next()) {
                return null;
            }
            return new Sample(
                    (System.nanoTime() - started) / 1e9,
                    stream.rows(),
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getLong(4));
        }
    }
}
