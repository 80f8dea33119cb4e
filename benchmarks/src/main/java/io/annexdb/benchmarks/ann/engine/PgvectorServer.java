package io.annexdb.benchmarks.ann.engine;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Debian's PostgreSQL 17 with pgvector, in a container on the host's network. It gets memory for
 * everything, and writes nothing to disk that it need not.
 */
public final class PgvectorServer implements AutoCloseable {
    private static final String IMAGE = "annex-bench-pgvector";
    private static final String DOCKERFILE =
            """
            FROM debian:trixie
            RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-17 postgresql-17-pgvector
            """;
    private static final String PASSWORD = "pgvector";
    private static final int START_SECONDS = 120;

    private final String container;
    private final int port;
    private final Thread removeAtExit = new Thread(this::remove, "remove-container");

    private PgvectorServer(String container, int port) {
        this.container = container;
        this.port = port;
    }

    /** What is missing to run it here; empty when nothing is. Makes the image, the first time. */
    public static Optional<String> missing() {
        if (docker("", "info").status() != 0) {
            return Optional.of("no Docker engine answers to \"docker info\"");
        }
        Output built = docker(DOCKERFILE, "build", "-q", "-t", IMAGE, "-");
        return built.status() == 0
                ? Optional.empty()
                : Optional.of("its image cannot be made: " + built.text().strip());
    }

    /**
     * Starts it, and returns when it answers.
     *
     * @param memoryMegabytes of its buffers, and of one index that is being built
     */
    static PgvectorServer start(int memoryMegabytes) throws IOException {
        int port = freePort();
        String container = "annex-bench-pgvector-" + port;
        PgvectorServer server = new PgvectorServer(container, port);
        Runtime.getRuntime().addShutdownHook(server.removeAtExit);
        List<String> command = new ArrayList<>(List.of("run", "-d", "--rm", "--name", container));
        command.addAll(List.of("--network", "host", "--shm-size", 2 * memoryMegabytes + "m"));
        command.addAll(List.of(IMAGE, "bash", "-c", script(port, memoryMegabytes)));
        Output started = docker("", command.toArray(String[]::new));
        if (started.status() != 0) {
            throw failed("its container does not start: " + started.text());
        }
        server.awaitAnswer();
        return server;
    }

    private static String script(int port, int memoryMegabytes) {
        String settings =
                String.format(
                        Locale.ROOT,
                        " -c shared_buffers=%1$dMB -c maintenance_work_mem=%1$dMB -c fsync=off"
                                + " -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=16GB"
                                + " -c jit=off -c listen_addresses=127.0.0.1"
                                + " -c unix_socket_directories=/tmp",
                        memoryMegabytes);
        return String.join(
                " && ",
                "export PGDATA=/var/lib/postgresql/data",
                "install -d -o postgres -g postgres -m 700 $PGDATA",
                "echo " + PASSWORD + " >/tmp/password",
                "chmod 644 /tmp/password",
                "runuser -u postgres -- /usr/lib/postgresql/17/bin/initdb -A scram-sha-256"
                        + " --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8",
                "exec runuser -u postgres -- /usr/lib/postgresql/17/bin/postgres -p "
                        + port
                        + settings);
    }

    /** A connection of its own, to be closed by the caller. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl(), user(), password());
    }

    /** Statements are prepared on the server at once, and numbers travel in binary form. */
    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?prepareThreshold=1";
    }

    String user() {
        return "postgres";
    }

    String password() {
        return PASSWORD;
    }

    private void awaitAnswer() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (true) {
            try {
                connect().close();
                return;
            } catch (SQLException e) {
                if (System.nanoTime() > deadline) {
                    String log = docker("", "logs", "--tail", "20", container).text();
                    throw failed("it does not answer: " + e.getMessage() + "\n" + log);
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("it was interrupted while it started");
        }
    }

    private static AnnexException failed(String message) {
        return new AnnexException(
                ErrorCode.CONFIGURATION, message, "Leave pgvector out of --engines.");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void remove() {
        docker("", "rm", "-f", container);
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(removeAtExit);
        } catch (IllegalStateException e) {
            return; // the process is ending, and the hook runs or has run
        }
    }

    private static Output docker(String input, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.onExit().join().exitValue(), text);
        } catch (IOException e) {
            return new Output(-1, String.valueOf(e.getMessage()));
        }
    }

    private record Output(int status, String text) {}
}
