package io.annexdb.sidecar.replication;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

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

    /** Ends it at once, as a power failure would. */
    public void kill() throws Exception {
        Path data = Objects.requireNonNull(directory);
        String process = Files.readAllLines(data.resolve("postmaster.pid")).getFirst();
        ProcessHandle server = ProcessHandle.of(Long.parseLong(process)).orElseThrow();
        new ProcessBuilder("kill", "-QUIT", process).inheritIO().start().waitFor();
        server.onExit().get(30, TimeUnit.SECONDS);
    }

    /**
     * A streaming standby of this server, which is stopped for as long as its files are copied.
     *
     * @param copy an empty place for the standby's files
     * @param settings names and values in turn, in its configuration file
     */
    public TestServer standby(Path copy, String... settings) throws IOException {
        stop();
        copy(Objects.requireNonNull(directory), copy);
        restart();
        Files.createFile(copy.resolve("standby.signal"));
        StringBuilder configuration =
                new StringBuilder(
                        "primary_conninfo = 'host=localhost port=%d user=postgres dbname=postgres'\n"
                                .formatted(postgres.getPort()));
        for (int i = 0; i < settings.length; i += 2) {
            configuration.append("%s = '%s'\n".formatted(settings[i], settings[i + 1]));
        }
        Files.writeString(
                copy.resolve("postgresql.auto.conf"), configuration, StandardOpenOption.APPEND);
        return new TestServer(this.settings, copy, 0);
    }

    /** Copies a stopped server's files. */
    public static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(
                        file,
                        to.resolve(from.relativize(file).toString()),
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
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
