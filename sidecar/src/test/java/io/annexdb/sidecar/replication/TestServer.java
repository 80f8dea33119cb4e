package io.annexdb.sidecar.replication;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A real PostgreSQL of a test's own, ready for logical replication. */
public final class TestServer implements AutoCloseable {
    private final List<String> settings;
    private final @Nullable Path directory;
    private EmbeddedPostgres postgres;

    private TestServer(List<String> settings, @Nullable Path directory, int port)
            throws IOException {
        this.settings = settings;
        this.directory = directory;
        this.postgres = start(port);
    }

    /** Settings are names and values in turn. */
    public static TestServer start(String... settings) throws IOException {
        return new TestServer(List.of(settings), null, 0);
    }

    /** A server that can be restarted, for its data stay in the directory. */
    public static TestServer startIn(Path directory, String... settings) throws IOException {
        return new TestServer(List.of(settings), directory, 0);
    }

    /** Stops as an administrator does; returns how long that took. */
    public Duration stop() throws IOException {
        long started = System.nanoTime();
        postgres.close();
        return Duration.ofNanos(System.nanoTime() - started);
    }

    /** Starts again on the same data and port. */
    public void restart() throws IOException {
        postgres = start(postgres.getPort());
    }

    private EmbeddedPostgres start(int port) throws IOException {
        EmbeddedPostgres.Builder builder =
                EmbeddedPostgres.builder()
                        .setPort(port)
                        .setServerConfig("wal_level", "logical")
                        .setServerConfig("synchronous_commit", "on");
        for (int i = 0; i < settings.size(); i += 2) {
            builder.setServerConfig(settings.get(i), settings.get(i + 1));
        }
        if (directory != null) {
            builder.setDataDirectory(directory).setCleanDataDirectory(false);
        }
        return builder.start();
    }

    public EmbeddedPostgres postgres() {
        return postgres;
    }

    public String url() {
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    public SourceSettings source(String name) {
        return new SourceSettings(url(), "postgres", "", name);
    }

    public Connection connect() throws SQLException {
        return postgres.getPostgresDatabase().getConnection();
    }

    public void execute(String... statements) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** The first column of all rows. */
    public List<String> query(String query) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    @Override
    public void close() throws IOException {
        postgres.close();
    }
}
