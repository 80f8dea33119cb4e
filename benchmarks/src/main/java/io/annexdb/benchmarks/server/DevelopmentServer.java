package io.annexdb.benchmarks.server;

import io.annexdb.migrations.AnnexMigrations;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * PostgreSQL with Annex and its sidecar, in one folder: {@link #start} creates on an empty folder
 * and continues on a used one.
 *
 * <p>{@link #close} may come at any time and from any thread, as a signal does. It waits for the
 * step of the start that is under way, and the next one does not begin.
 */
public final class DevelopmentServer implements AutoCloseable {
    private static final Duration SIDECAR_START_LIMIT = Duration.ofMinutes(1);

    private final ServerFolder folder;
    private final Ports ports;
    private @Nullable EmbeddedServer postgres;
    private @Nullable SidecarProcess sidecar;
    private boolean closed;

    /**
     * Starts nothing yet.
     *
     * @param folder taken over: closed with the server
     * @param ports none of them 0, see {@link Ports#resolve}
     */
    public DevelopmentServer(ServerFolder folder, Ports ports) {
        this.folder = folder;
        this.ports = ports;
    }

    /**
     * In a folder that is taken over also when there are no such ports; nothing is started yet.
     *
     * @param wanted 0 for a free one
     * @throws IllegalArgumentException naming the option of a port that is taken
     */
    public static DevelopmentServer in(ServerFolder folder, Ports wanted) throws IOException {
        try {
            Ports ports = wanted.resolve();
            folder.describe(ports);
            return new DevelopmentServer(folder, ports);
        } catch (RuntimeException | IOException e) {
            folder.close();
            throw e;
        }
    }

    /** Starts everything, and returns when the sidecar answers. */
    public void start() throws IOException, InterruptedException {
        step(() -> postgres = EmbeddedServer.start(folder, ports.postgres()));
        step(() -> AnnexMigrations.migrate(jdbcUrl(), user(), password(), Map.of()));
        step(this::setUp);
        startSidecar();
    }

    /** Starts the sidecar, for the first time or after its end; it continues from its files. */
    public void startSidecar() throws IOException, InterruptedException {
        Path log = folder.log("sidecar");
        step(() -> sidecar = SidecarProcess.start(configuration(), ports.http(), log));
        sidecar().awaitHealthy(SIDECAR_START_LIMIT);
    }

    /** Tells the SQL functions where the sidecar is, and the secret that both share. */
    private void setUp() throws IOException {
        String sidecars =
                "[{\"group\": 0, \"host\": \"127.0.0.1\", \"port\": %d}]"
                        .formatted(ports.sidecar());
        try (Connection connection = DriverManager.getConnection(jdbcUrl(), user(), password());
                PreparedStatement statement =
                        connection.prepareStatement("SELECT annex.setup(?, ?::jsonb)")) {
            statement.setString(1, Files.readString(folder.secret()).strip());
            statement.setString(2, sidecars);
            statement.execute();
        } catch (SQLException e) {
            throw new IllegalStateException("annex.setup failed: " + e.getMessage(), e);
        }
    }

    private Path configuration() throws IOException {
        return folder.write(
                "sidecar.yaml",
                List.of(
                        "name: main",
                        "database:",
                        "  url: " + jdbcUrl(),
                        "  user: " + user(),
                        "  password: " + password(),
                        "data-directory: '" + folder.sidecar().toString().replace("'", "''") + "'",
                        "listen:",
                        "  host: 127.0.0.1",
                        "  port: " + ports.sidecar(),
                        "http:",
                        "  host: 127.0.0.1",
                        "  port: " + ports.http(),
                        "secret: " + Files.readString(folder.secret()).strip()));
    }

    /** The address of the database for JDBC, without user and password. */
    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + ports.postgres() + "/" + EmbeddedServer.DATABASE;
    }

    /** The database's superuser. */
    public String user() {
        return EmbeddedServer.USER;
    }

    public String password() throws IOException {
        return Files.readString(folder.password()).strip();
    }

    public Ports ports() {
        return ports;
    }

    public ServerFolder folder() {
        return folder;
    }

    /**
     * Waits until the sidecar's process ends, by itself or because this server is closed.
     *
     * @return its exit status
     */
    public int awaitSidecarEnd() throws InterruptedException {
        return sidecar().awaitEnd();
    }

    /** Where the sidecar writes what it does. */
    public Path sidecarLog() {
        return folder.log("sidecar");
    }

    /** Whether {@link #close} has done its work or is doing it. */
    public synchronized boolean isClosed() {
        return closed;
    }

    /** Stops the sidecar, then PostgreSQL, and deletes the folder if it is a temporary one. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        // Closed from the last to the first, each even if another fails.
        try (ServerFolder _ = folder;
                EmbeddedServer _ = postgres;
                SidecarProcess _ = sidecar) {
            return;
        }
    }

    private synchronized SidecarProcess sidecar() {
        if (sidecar == null) {
            throw new IllegalStateException("the sidecar has not been started");
        }
        return sidecar;
    }

    private synchronized void step(Step step) throws IOException, InterruptedException {
        if (closed) {
            throw new IllegalStateException("the server is being stopped");
        }
        step.run();
    }

    private interface Step {
        void run() throws IOException, InterruptedException;
    }
}
