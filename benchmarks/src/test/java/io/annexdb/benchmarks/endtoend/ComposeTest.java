package io.annexdb.benchmarks.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.benchmarks.server.Ports;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The container image and the compose file, built and started as the guide says. Needs a Docker
 * engine, its compose command, and the jars of the sidecar, which every build with {@code verify}
 * makes before these tests.
 */
class ComposeTest {
    private static final String NAME = "annex-test-compose";
    private static final String NEAREST =
            "SELECT (hit).id FROM annex.search(NULL::docs, 'embedding', '{7.2,1}', k => 1)";

    private final Ports ports = new Ports(0, 0, 0).resolve();

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void upGivesAWorkingSearch() throws Exception {
        List<String> compose = compose();
        try {
            run(compose, "up", "--build", "--detach");
            String sidecar = run(compose, "ps", "-q", "sidecar").strip();
            awaitHealthy(sidecar);
            try (Connection connection = connect()) {
                createIndex(connection);
                assertEquals("7", value(connection, NEAREST));
                run(compose, "restart", "sidecar");
                awaitHealthy(sidecar);
                execute(connection, "INSERT INTO docs VALUES (1000, '{7.2,1}')");
                assertEquals("1000", value(connection, NEAREST));
                assertEquals(
                        "t",
                        value(connection, "SELECT streaming FROM annex.sidecar_status"),
                        "the container's sidecar answers");
            }
            assertEquals(
                    "10001",
                    run(List.of("docker", "exec", sidecar), "id", "-u").strip(),
                    "the sidecar does not run as root");
        } finally {
            run(compose, "down", "--volumes", "--remove-orphans");
        }
    }

    private static void createIndex(Connection connection) throws SQLException {
        execute(connection, "SET annex.fallback = 'error'");
        execute(connection, "CREATE TABLE docs (id int PRIMARY KEY, embedding real[])");
        execute(
                connection,
                "INSERT INTO docs SELECT i, ARRAY[i, 1] FROM generate_series(1, 300) i");
        execute(connection, "SELECT annex.create_index('docs', 'embedding', metric => 'l2')");
        execute(connection, "SELECT annex.wait_for_index('docs_embedding', '1 minute')");
    }

    /** As the image's own health check says. */
    private void awaitHealthy(String container) throws IOException, InterruptedException {
        for (int i = 0; i < 240; i++) {
            String health =
                    run(
                            List.of("docker", "inspect"),
                            "--format",
                            "{{.State.Health.Status}}",
                            container);
            if (health.strip().equals("healthy")) {
                return;
            }
            Thread.sleep(500);
        }
        throw new AssertionError(
                "not healthy:\n" + run(List.of("docker", "logs", "--tail", "50"), container));
    }

    private List<String> compose() throws IOException, InterruptedException {
        assumeTrue(runs("docker", "info"), "skipped: there is no Docker engine");
        boolean plugin = runs("docker", "compose", "version");
        assumeTrue(
                plugin || runs("docker-compose", "version"), "skipped: there is no docker compose");
        assumeTrue(isPackaged(), "skipped: there is no jar of the sidecar; verify makes it");
        List<String> compose =
                new ArrayList<>(plugin ? List.of("docker", "compose") : List.of("docker-compose"));
        compose.addAll(List.of("-p", NAME, "-f", "../ops/compose/compose.yaml"));
        return compose;
    }

    private static boolean isPackaged() throws IOException {
        Path target = Path.of("../sidecar/target");
        try (Stream<Path> files = Files.list(target)) {
            return Files.isDirectory(target.resolve("libraries"))
                    && files.anyMatch(file ->
                            file.getFileName().toString().matches("annex-sidecar-.*\\.jar"));
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + ports.postgres() + "/postgres",
                "postgres",
                "postgres");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            assertTrue(row.next(), sql);
            return row.getString(1);
        }
    }

    private boolean runs(String... command) throws InterruptedException {
        try {
            run(List.of(command));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private String run(List<String> command, String... more)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        all.addAll(Arrays.asList(more));
        ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
        builder.environment().put("ANNEX_IMAGE", NAME);
        builder.environment().put("POSTGRES_PORT", Integer.toString(ports.postgres()));
        builder.environment().put("ANNEX_HTTP_PORT", Integer.toString(ports.http()));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", all) + " failed:\n" + output);
        }
        return output;
    }
}
