package io.annexdb.sidecar.endtoend;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A coordinator and two workers of the PostgreSQL installation that {@code pg_config} names, if it
 * has Citus, and a sidecar beside each. PostgreSQL does not run as root, so root lends it the user
 * postgres.
 */
final class CitusCluster implements AutoCloseable {
    static final int NODES = 3;
    private static final String USER = "postgres";

    private final Path binaries;
    private final Path directory;
    private final List<Integer> ports = new ArrayList<>();
    private final List<SidecarUnderTest> sidecars = new ArrayList<>();

    private CitusCluster(Path binaries, Path directory) {
        this.binaries = binaries;
        this.directory = directory;
    }

    /** The folder of the programs of a PostgreSQL that has Citus, or empty with the reason told. */
    static Optional<Path> installation() {
        try {
            Path libraries = Path.of(output("pg_config", "--pkglibdir").strip());
            Path programs = Path.of(output("pg_config", "--bindir").strip());
            return Files.exists(libraries.resolve("citus.so"))
                            && Files.exists(programs.resolve("initdb"))
                    ? Optional.of(programs)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Starts the servers, migrates and sets up. */
    static CitusCluster start(Path binaries) throws IOException, SQLException {
        Path directory = Files.createTempDirectory("annex-citus");
        CitusCluster cluster = new CitusCluster(binaries, directory);
        if (isRoot()) {
            output("chown", USER, directory.toString());
        }
        for (int node = 0; node < NODES; node++) {
            cluster.startNode(node);
        }
        cluster.join("postgres");
        AnnexMigrations.migrate(cluster.url(0), USER, null, Map.of("shardCount", "6"));
        for (int node = 0; node < NODES; node++) {
            cluster.sidecars.add(cluster.sidecarOf(node, 0));
        }
        cluster.setUp();
        return cluster;
    }

    private void startNode(int node) throws IOException {
        Path data = directory.resolve("node" + node);
        asPostgres("initdb", "-D", data.toString(), "-A", "trust", "-U", USER, "--no-sync");
        int port = freePort();
        ports.add(port);
        String options =
                "-c port=%d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s"
                                .formatted(port, directory)
                        + " -c shared_preload_libraries=citus -c wal_level=logical -c fsync=off -c"
                        + " max_prepared_transactions=50 -c citus.enable_statistics_collection=off";
        asPostgres(
                "pg_ctl", "-w", "-D", data.toString(), "-l", data + ".log", "-o", options, "start");
    }

    /** Makes the three databases of that name one cluster. */
    void join(String database) throws SQLException {
        for (int node = 0; node < NODES; node++) {
            try (Session session = Session.open(url(node, database), USER)) {
                session.run("create extension citus");
            }
        }
        try (Session session = Session.open(url(0, database), USER)) {
            session.run("select citus_set_coordinator_host('127.0.0.1', " + ports.get(0) + ")");
            for (int node = 1; node < NODES; node++) {
                session.run("select citus_add_node('127.0.0.1', " + ports.get(node) + ")");
            }
        }
    }

    private void setUp() throws SQLException {
        try (Session session = coordinator()) {
            session.rows(
                    "select * from annex.setup(?, (select jsonb_agg(jsonb_build_object('group',"
                            + " groupid, 'host', '127.0.0.1', 'port', case groupid when 0 then ?"
                            + " when 1 then ? else ? end)) from pg_dist_node))",
                    SidecarUnderTest.SECRET,
                    sidecars.get(0).port(),
                    sidecars.get(1).port(),
                    sidecars.get(2).port());
        }
    }

    private SidecarUnderTest sidecarOf(int node, int port) {
        return SidecarUnderTest.start(
                "main", url(node), USER, directory.resolve("sidecar" + node), port);
    }

    String url(int node) {
        return url(node, "postgres");
    }

    String url(int node, String database) {
        return "jdbc:postgresql://127.0.0.1:" + ports.get(node) + "/" + database;
    }

    Session coordinator() throws SQLException {
        return Session.open(url(0), USER);
    }

    /** A connection to node 0, the coordinator, or to worker 1 or 2. */
    Session node(int node) throws SQLException {
        return Session.open(url(node), USER);
    }

    /** Searches and ranks answered so far by the sidecar of each node. */
    long[] answered() {
        return sidecars.stream()
                .mapToLong(sidecar -> sidecar.answered("search") + sidecar.answered("rank"))
                .toArray();
    }

    void restartSidecar(int node, Runnable whileDown) {
        int port = sidecars.get(node).port();
        sidecars.get(node).close();
        try {
            whileDown.run();
        } finally {
            sidecars.set(node, sidecarOf(node, port));
        }
    }

    @Override
    public void close() throws IOException {
        sidecars.forEach(SidecarUnderTest::close);
        for (int node = 0; node < ports.size(); node++) {
            asPostgres(
                    "pg_ctl",
                    "-D",
                    directory.resolve("node" + node).toString(),
                    "-m",
                    "immediate",
                    "stop");
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void asPostgres(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("runuser", "-u", USER, "--"));
        }
        command.add(binaries.resolve(program).toString());
        command.addAll(Arrays.asList(arguments));
        output(command.toArray(String[]::new));
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static String output(String... command) throws IOException {
        // To a file, because the server that pg_ctl starts keeps a pipe open.
        Path file = Files.createTempFile("annex-command", ".out");
        Process process =
                new ProcessBuilder(command)
                        .directory(Path.of("/").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(file.toFile())
                        .start();
        try {
            int status = process.waitFor();
            String text;
            try (InputStream in = Files.newInputStream(file)) {
                text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
            if (status != 0) {
                throw new IOException(
                        String.join(" ", command) + " ended with " + status + ":\n" + text);
            }
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            Files.delete(file);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
