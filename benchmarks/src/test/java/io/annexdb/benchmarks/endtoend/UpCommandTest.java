package io.annexdb.benchmarks.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code annex up} as people run it: a process that is told to end. */
class UpCommandTest {
    private static final Pattern JDBC = Pattern.compile("jdbc:postgresql:\\S+");

    @TempDir private Path parent = Path.of("");

    @Test
    @Timeout(120)
    void servesUntilItIsToldToEndAndThenStopsEverything()
            throws IOException, InterruptedException, SQLException {
        Process up = start(0);
        List<ProcessHandle> children;
        String url;
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(up.getInputStream(), StandardCharsets.UTF_8))) {
            url = urlOf(out);
            try (var connection = DriverManager.getConnection(url);
                    var statement = connection.createStatement();
                    ResultSet row =
                            statement.executeQuery("SELECT reachable FROM annex.sidecar_status")) {
                assertTrue(row.next() && row.getBoolean(1));
            }
            assertASecondOneIsTold(URI.create(url.substring("jdbc:".length())).getPort());
            children = up.descendants().toList();
            assertTrue(!children.isEmpty(), "the sidecar is a process of its own");
            up.destroy();
            assertTrue(up.waitFor(60, TimeUnit.SECONDS), "does not end");
        } finally {
            up.destroyForcibly();
        }
        assertEquals(List.of(), children.stream().filter(ProcessHandle::isAlive).toList());
        assertThrows(SQLException.class, () -> DriverManager.getConnection(url).close());
    }

    /** Not that a port is taken, which is no more than a consequence. */
    private void assertASecondOneIsTold(int port) throws IOException, InterruptedException {
        Process second = start(port);
        try {
            String said =
                    new String(second.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(second.waitFor(60, TimeUnit.SECONDS), "goes on");
            assertNotEquals(0, second.exitValue());
            assertTrue(
                    said.contains("annex runs in " + parent.resolve("data") + " already: process "),
                    said);
            assertTrue(said.contains("PostgreSQL on port " + port), said);
        } finally {
            second.destroyForcibly();
        }
    }

    private Process start(int port) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dannex.jvm.flags=--add-modules=jdk.incubator.vector"
                                + " --enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.annexdb.sidecar.Annex",
                        "up",
                        "--data=" + parent.resolve("data"),
                        "--port=" + port,
                        "--sidecar-port=0",
                        "--http-port=0");
        builder.redirectErrorStream(true);
        return builder.start();
    }

    private static String urlOf(BufferedReader out) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            seen.append(line).append('\n');
            Matcher url = JDBC.matcher(line);
            if (url.find()) {
                return url.group();
            }
        }
        throw new AssertionError("ended before it served:\n" + seen);
    }
}
