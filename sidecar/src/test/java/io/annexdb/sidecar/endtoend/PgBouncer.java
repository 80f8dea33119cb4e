package io.annexdb.sidecar.endtoend;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A real PgBouncer in transaction mode before a database of the test. */
final class PgBouncer implements AutoCloseable {
    private final Process process;
    private final int port;

    private PgBouncer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** The program, where it is installed. */
    static Optional<Path> program() {
        return java.util.stream.Stream.of("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Starts it with three server connections, fewer than the test has clients.
     *
     * @param databasePort of the PostgreSQL on loopback
     */
    static PgBouncer start(Path program, Path folder, int databasePort)
            throws IOException, InterruptedException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Path config = folder.resolve("pgbouncer.ini");
        Files.writeString(
                config,
                """
                [databases]
                postgres = host=127.0.0.1 port=%d dbname=postgres user=postgres
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = 3
                ignore_startup_parameters = extra_float_digits
                """
                        .formatted(databasePort, port));
        ProcessBuilder builder = new ProcessBuilder(program.toString(), config.toString());
        if (System.getProperty("user.name").equals("root")) {
            // It refuses to run as root.
            builder.command().add(1, "--user=nobody");
        }
        Process process =
                builder.redirectErrorStream(true)
                        .redirectOutput(folder.resolve("pgbouncer.out").toFile())
                        .start();
        PgBouncer started = new PgBouncer(process, port);
        started.awaitPort(folder);
        return started;
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void awaitPort(Path folder) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < 100; attempt++) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
        throw new AssertionError(
                "PgBouncer does not listen: " + Files.readString(folder.resolve("pgbouncer.out")));
    }
}
