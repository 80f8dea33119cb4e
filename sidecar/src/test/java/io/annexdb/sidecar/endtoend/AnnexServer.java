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
public final class AnnexServer implements AutoCloseable {
    public static final String SECRET = "secret-of-the-tests";

    private final EmbeddedPostgres postgres;
    private final int wirePort;
    private final SidecarProcess sidecar;

    private AnnexServer(EmbeddedPostgres postgres, int wirePort, SidecarProcess sidecar) {
        this.postgres = postgres;
        this.wirePort = wirePort;
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
            return new AnnexServer(postgres, wirePort, sidecar);
        } catch (Exception | Error e) {
            postgres.close();
            throw e;
        }
    }

    /** Tells a database where the sidecar of the test listens. */
    public static void setUp(
            String url, @org.jspecify.annotations.Nullable String password, int wirePort)
            throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, "postgres", password)) {
            execute(
                    connection,
                    "select annex.setup('%s', '[{\"group\": 0, \"host\": \"127.0.0.1\", \"port\": %d}]')"
                            .formatted(SECRET, wirePort));
        }
    }

    /** Configuration of a sidecar beside the database at a JDBC URL. */
    public static String config(
            String url, String password, int wirePort, int httpPort, Path folder) {
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

    public static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    public static void execute(Connection connection, String sql) throws SQLException {
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

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url());
    }

    @Override
    public void close() throws IOException {
        sidecar.close();
        postgres.close();
    }
}
