package io.annexdb.sidecar.endtoend;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A server of the PostgreSQL installation that {@code pg_config} names, on a free port, in a folder
 * that goes with it. PostgreSQL does not run as root, so root lends it the user postgres.
 */
final class InstalledPostgres implements AutoCloseable {
    static final String USER = "postgres";

    private final Path programs;
    private final Path directory;
    private final int port;

    private InstalledPostgres(Path programs, Path directory, int port) {
        this.programs = programs;
        this.directory = directory;
        this.port = port;
    }

    /** The folder of the programs of an installation with a server, or empty. */
    static Optional<Path> installation() {
        try {
            Path programs = Path.of(output("pg_config", "--bindir").strip());
            return Optional.of(programs).filter(path -> Files.exists(path.resolve("initdb")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The same, of an installation that has Citus. */
    static Optional<Path> installationWithCitus() {
        try {
            Path libraries = Path.of(output("pg_config", "--pkglibdir").strip());
            return installation().filter(path -> Files.exists(libraries.resolve("citus.so")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Starts one with {@code wal_level = logical}.
     *
     * @param options further settings, as {@code -c name=value}
     */
    static InstalledPostgres start(Path programs, String options) throws IOException {
        Path directory = Files.createTempDirectory("annex-postgres");
        if (isRoot()) {
            output("chown", USER, directory.toString());
        }
        InstalledPostgres postgres = new InstalledPostgres(programs, directory, freePort());
        Path data = directory.resolve("data");
        postgres.run("initdb", "-D", data.toString(), "-A", "trust", "-U", USER, "--no-sync");
        String settings =
                "-c port=%d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s"
                                .formatted(postgres.port, directory)
                        + " -c wal_level=logical -c fsync=off "
                        + options;
        postgres.run(
                "pg_ctl",
                "-w",
                "-D",
                data.toString(),
                "-l",
                directory.resolve("log").toString(),
                "-o",
                settings,
                "start");
        return postgres;
    }

    int port() {
        return port;
    }

    /** A folder that the server's user may write to. */
    Path directory() {
        return directory;
    }

    String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    /** Runs a client program of the installation against this server, as its superuser. */
    void client(String program, String... arguments) throws IOException {
        List<String> all = new ArrayList<>();
        all.addAll(List.of("-h", "127.0.0.1", "-p", Integer.toString(port), "-U", USER));
        all.addAll(Arrays.asList(arguments));
        run(program, all.toArray(String[]::new));
    }

    @Override
    public void close() throws IOException {
        run("pg_ctl", "-D", directory.resolve("data").toString(), "-m", "immediate", "stop");
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void run(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("runuser", "-u", USER, "--"));
        }
        command.add(programs.resolve(program).toString());
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
            String text = Files.readString(file);
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
