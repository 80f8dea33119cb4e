package io.annexdb.sidecar.endtoend;

import io.annexdb.migrations.AnnexMigrations;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/**
 * A PostgreSQL 18 with Annex installed, and its sidecar as a process: what a user of one server
 * has.
 */
final class AnnexServer implements AutoCloseable {
    private static final String SECRET = "secret-of-the-tests";

    private final EmbeddedPostgres postgres;
    private final Path folder;
    private final int wirePort;
    private final int httpPort;
    private SidecarProcess sidecar;

    private AnnexServer(
            EmbeddedPostgres postgres,
            Path folder,
            int wirePort,
            int httpPort,
            SidecarProcess sidecar) {
        this.postgres = postgres;
        this.folder = folder;
        this.wirePort = wirePort;
        this.httpPort = httpPort;
        this.sidecar = sidecar;
    }

    /**
     * Starts all of it.
     *
     * @param folder for the sidecar's files; not that of another server
     */
    static AnnexServer start(Path folder) throws Exception {
        return start(folder, Map.of());
    }

    /**
     * Starts all of it with other settings of PostgreSQL.
     *
     * @param settings over the defaults of a production server
     */
    static AnnexServer start(Path folder, Map<String, String> settings) throws Exception {
        EmbeddedPostgres.Builder builder =
                EmbeddedPostgres.builder()
                        .setServerConfig("wal_level", "logical")
                        .setServerConfig("synchronous_commit", "on")
                        .setServerConfig("max_prepared_transactions", "10");
        settings.forEach(builder::setServerConfig);
        EmbeddedPostgres postgres = builder.start();
        try {
            int wirePort = freePort();
            int httpPort = freePort();
            String url = postgres.getJdbcUrl("postgres", "postgres");
            AnnexMigrations.migrate(url, "postgres", null, Map.of());
            setUp(url, null, wirePort);
            SidecarProcess sidecar =
                    SidecarProcess.start(
                            folder, config(url, "", wirePort, httpPort, folder), httpPort);
            return new AnnexServer(postgres, folder, wirePort, httpPort, sidecar);
        } catch (Exception | Error e) {
            postgres.close();
            throw e;
        }
    }

    /** Tells a database where the sidecar of the test listens. */
    static void setUp(String url, @org.jspecify.annotations.Nullable String password, int wirePort)
            throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, "postgres", password)) {
            execute(
                    connection,
                    "select annex.setup('%s', '[{\"group\": 0, \"host\": \"127.0.0.1\", \"port\": %d}]')"
                            .formatted(SECRET, wirePort));
        }
    }

    /** Configuration of a sidecar beside the database at a JDBC URL. */
    static String config(String url, String password, int wirePort, int httpPort, Path folder) {
        return """
        name: test
        database:
          url: %s
          user: postgres
          password: "%s"
        data-directory: %s
        listen:
          host: 127.0.0.1
          port: %d
        http:
          port: %d
        secret: %s
        """
                .formatted(
                        url.replaceAll("\\?.*", ""),
                        password,
                        folder.resolve("index"),
                        wirePort,
                        httpPort,
                        SECRET);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    String url() {
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    int databasePort() {
        return postgres.getPort();
    }

    int wirePort() {
        return wirePort;
    }

    String secret() {
        return SECRET;
    }

    SidecarProcess sidecar() {
        return sidecar;
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url());
    }

    /** kill -9 of the sidecar. */
    void killSidecar() throws InterruptedException {
        sidecar.kill();
    }

    /** Starts the sidecar again over the files it left. */
    void restartSidecar() throws IOException, InterruptedException {
        sidecar =
                SidecarProcess.start(
                        folder, config(url(), "", wirePort, httpPort, folder), httpPort);
    }

    @Override
    public void close() throws IOException {
        sidecar.close();
        postgres.close();
    }
}
