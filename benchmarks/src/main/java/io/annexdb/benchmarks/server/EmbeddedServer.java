package io.annexdb.benchmarks.server;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.util.LinuxUtils;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * PostgreSQL 18 from the binaries that come as a jar, with the settings that a sidecar needs. It
 * listens on the loopback address, with passwords; nothing needs to be installed, and it runs for
 * root too, in a user namespace, because PostgreSQL itself refuses root.
 */
public final class EmbeddedServer implements AutoCloseable {
    public static final String USER = "postgres";
    static final String DATABASE = "postgres";

    private final EmbeddedPostgres server;
    private final String password;

    private EmbeddedServer(EmbeddedPostgres server, String password) {
        this.server = server;
        this.password = password;
    }

    /**
     * Starts the server, in about three seconds, after creating its data directory if there is
     * none.
     *
     * @param port TCP port, not 0
     */
    public static EmbeddedServer start(ServerFolder folder, int port) throws IOException {
        checkUser();
        String password = Files.readString(folder.password()).strip();
        // The library opens the folder of its binaries to everyone; the one around it is not open.
        Path binaries = UserFolders.cache().resolve("postgresql");
        Files.createDirectories(binaries);
        EmbeddedPostgres server =
                settings(folder, password)
                        .setOverrideWorkingDirectory(binaries.toFile())
                        .setDataDirectory(folder.postgres())
                        .setPort(port)
                        .setPGStartupWait(Duration.ofMinutes(2))
                        .setCleanDataDirectory(false)
                        .setRegisterShutdownHook(false)
                        .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                        .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return new EmbeddedServer(server, password);
    }

    private static void checkUser() {
        boolean root = "root".equals(System.getProperty("user.name"));
        if (root && isLinux() && !LinuxUtils.isUnshareAvailable()) {
            throw new IllegalStateException(
                    "PostgreSQL does not run as root, and this machine does not let root make a"
                            + " user namespace (unshare -U); run annex as another user");
        }
    }

    private static boolean isLinux() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    }

    private static EmbeddedPostgres.Builder settings(ServerFolder folder, String password)
            throws IOException {
        return EmbeddedPostgres.builder()
                // For initdb: these stand after the library's own choice, which is to trust
                // everyone.
                .setLocaleConfig("auth-host", "scram-sha-256")
                .setLocaleConfig("auth-local", "scram-sha-256")
                .setLocaleConfig("pwfile", folder.password().toString())
                .setLocaleConfig("locale", "C.UTF-8")
                .setConnectConfig("password", password)
                // What the sidecar needs: its changes come from the write-ahead log.
                .setServerConfig("wal_level", "logical")
                .setServerConfig("max_replication_slots", "20")
                .setServerConfig("max_wal_senders", "20")
                .setServerConfig("max_slot_wal_keep_size", "8GB")
                // The library switches both off; an acknowledged commit must be in the log.
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("fsync", folder.isTemporary() ? "off" : "on")
                .setServerConfig("listen_addresses", "localhost")
                .setServerConfig("unix_socket_directories", "")
                .setServerConfig("shared_buffers", "256MB")
                .setServerConfig("max_wal_size", "4GB")
                .setServerConfig("max_connections", "100")
                .setServerConfig("logging_collector", "on")
                .setServerConfig("log_directory", "../log")
                .setServerConfig("log_filename", "postgres.log");
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://localhost:" + server.getPort() + "/" + DATABASE;
    }

    int port() {
        return server.getPort();
    }

    public String password() {
        return password;
    }

    /** Ends all sessions and stops the server; returns when its processes are gone. */
    @Override
    public void close() throws IOException {
        server.close();
    }
}
