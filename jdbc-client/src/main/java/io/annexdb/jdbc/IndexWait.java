package io.annexdb.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Polls an index's progress until it is ready, for people to watch, and then lets the server wait
 * for the rest: that the index has caught up.
 */
final class IndexWait {
    private static final long POLL_MILLIS = 250;
    private static final Set<String> FILLING = Set.of("waiting", "loading");

    private final Connection connection;
    private final String name;
    private final long deadlineNanos;
    private final Duration timeout;
    private final Consumer<IndexProgress> listener;

    IndexWait(
            Connection connection,
            String name,
            Duration timeout,
            Consumer<IndexProgress> listener) {
        this.connection = connection;
        this.name = name;
        this.timeout = timeout;
        this.deadlineNanos = System.nanoTime() + timeout.toNanos();
        this.listener = listener;
    }

    void run() throws SQLException {
        while (remainingMillis() > 0) {
            Optional<IndexProgress> progress = progress();
            if (progress.isEmpty() || !FILLING.contains(progress.get().state())) {
                break;
            }
            listener.accept(progress.get());
            sleep();
        }
        waitForServer();
        progress().ifPresent(listener);
    }

    private void waitForServer() throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT annex.wait_for_index(?, ?::interval)")) {
            statement.setString(1, name);
            statement.setString(2, Math.max(1, remainingMillis()) + " milliseconds");
            statement.execute();
        }
    }

    private Optional<IndexProgress> progress() throws SQLException {
        String sql =
                """
                SELECT state, loaded_rows, expected_rows, percent, phase, rows_per_second,
                    extract(epoch FROM eta)::bigint, waits_for
                FROM annex.index_progress WHERE index_name = ?\
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(progress(row)) : Optional.empty();
            }
        }
    }

    private IndexProgress progress(ResultSet row) throws SQLException {
        long secondsLeft = row.getLong(7);
        Optional<Duration> timeLeft =
                row.wasNull() ? Optional.empty() : Optional.of(Duration.ofSeconds(secondsLeft));
        return new IndexProgress(
                name,
                row.getString(1),
                row.getLong(2),
                row.getLong(3),
                row.getInt(4),
                row.getString(5),
                row.getLong(6),
                timeLeft,
                row.getString(8));
    }

    private long remainingMillis() {
        return (deadlineNanos - System.nanoTime()) / 1_000_000;
    }

    private void sleep() {
        try {
            Thread.sleep(Math.max(1, Math.min(POLL_MILLIS, remainingMillis())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw SqlErrors.ofState(
                    "57014",
                    "interrupted while waiting for index " + name + " (timeout " + timeout + ")",
                    null,
                    e);
        }
    }
}
