package io.annexdb.sidecar.endtoend;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;

/**
 * The whole of it on one machine: embedded PostgreSQL with the migrations, a sidecar, and {@code
 * annex.setup} called.
 */
public final class AnnexOnPostgres implements AutoCloseable {
    public static final String USER = "postgres";

    private final EmbeddedPostgres postgres;
    private final Path directory;
    private Map<String, String> environment;
    private final int sidecarPort;
    private SidecarUnderTest sidecar;

    private AnnexOnPostgres(
            EmbeddedPostgres postgres, Path directory, Map<String, String> environment) {
        this.postgres = postgres;
        this.directory = directory;
        this.environment = environment;
        this.sidecar = sidecarOn(0);
        this.sidecarPort = sidecar.port();
    }

    /**
     * Starts all.
     *
     * @param directory for the sidecar's files
     */
    public static AnnexOnPostgres start(Path directory) throws IOException, SQLException {
        return start(directory, Map.of());
    }

    /** Starts all, with more of the sidecar's environment. */
    public static AnnexOnPostgres start(Path directory, Map<String, String> environment)
            throws IOException, SQLException {
        EmbeddedPostgres postgres =
                EmbeddedPostgres.builder()
                        .setServerConfig("wal_level", "logical")
                        .setServerConfig("synchronous_commit", "on")
                        .start();
        AnnexMigrations.migrate(
                "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres",
                USER,
                null,
                Map.of());
        AnnexOnPostgres annex = new AnnexOnPostgres(postgres, directory, environment);
        try (Session session = annex.session()) {
            session.rows(
                    "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group', 0,"
                            + " 'host', '127.0.0.1', 'port', ?)))",
                    SidecarUnderTest.SECRET,
                    annex.sidecarPort);
        }
        return annex;
    }

    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
    }

    public int postgresPort() {
        return postgres.getPort();
    }

    /** A new connection of the superuser's. */
    public Session session() throws SQLException {
        return session(USER);
    }

    public Session session(String user) throws SQLException {
        return Session.open(url(), user);
    }

    public SidecarUnderTest sidecar() {
        return sidecar;
    }

    public int sidecarPort() {
        return sidecarPort;
    }

    public void stopSidecar() {
        sidecar.close();
    }

    /** Starts it again, on the same port and files. */
    public void startSidecar() {
        sidecar = sidecarOn(sidecarPort);
    }

    /** The same, with other options in its environment. */
    public void startSidecar(Map<String, String> options) {
        environment = options;
        startSidecar();
    }

    private SidecarUnderTest sidecarOn(int port) {
        return SidecarUnderTest.start("main", url(), USER, directory, port, environment);
    }

    @Override
    public void close() throws IOException {
        sidecar.close();
        postgres.close();
    }
}
