package io.annexdb.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A whole sidecar beside a real PostgreSQL, asked from every side. */
class SidecarTest {
    private static final String SECRET = "the secret of this test";
    private static final String NEAREST =
            "select (hit).id from annex.search(null::public.docs, 'embedding', '{1,0,0}', 3)";

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    @Timeout(120)
    void searchMetricsStatusAndStop(@TempDir Path directory) throws Exception {
        try (TestServer server = TestServer.start()) {
            AnnexMigrations.migrate(server.url(), "postgres", null, Map.of());
            try (Sidecar sidecar = Sidecar.start(config(server, directory))) {
                awaitReady(sidecar);
                server.execute(
                        "select annex.setup('"
                                + SECRET
                                + "', '[{\"group\": 0, \"host\":"
                                + " \"127.0.0.1\", \"port\": "
                                + sidecar.port()
                                + "}]')",
                        "alter database postgres set annex.fallback = 'error'",
                        "create table docs (id bigint primary key, embedding real[])",
                        "insert into docs select i, array[cos(i / 100.0), sin(i / 100.0), 0]"
                                + " from generate_series(1, 200) i",
                        "select annex.create_index('docs', 'embedding', 'near')");
                server.query("select annex.wait_for_index('near', '30 s')");
                assertEquals(List.of("1", "2", "3"), server.query(NEAREST));

                server.execute("insert into docs values (1000, '{1,0,0}')");
                assertEquals(List.of("1000", "1", "2"), server.query(NEAREST));

                metrics(sidecar.httpPort());
                pages(sidecar);
                statusCommand(sidecar);
                stops(sidecar);
            }
        }
    }

    /** Without an index there is nothing to follow, and nothing that would not be ready. */
    private void awaitReady(Sidecar sidecar) throws Exception {
        while (get(sidecar.httpPort(), "/ready").statusCode() != 200) {
            Thread.sleep(20);
        }
        assertEquals(List.of(), sidecar.status().indexes());
    }

    private void metrics(int port) throws Exception {
        String metrics = get(port, "/metrics").body();
        for (String expected :
                List.of(
                        "annex_requests_seconds_count{operation=\"search\",status=\"ok\"}",
                        "annex_search_seconds_bucket",
                        "annex_fence_wait_seconds_count",
                        "annex_connections ",
                        "annex_lag_bytes ",
                        "annex_streaming 1.0",
                        "annex_kernel_info{bits=\"",
                        "annex_index_rows{index=\"near\"} 201.0",
                        "annex_index_memory_bytes{index=\"near\"}",
                        "jvm_memory_used_bytes")) {
            assertTrue(metrics.contains(expected), expected + " is not in\n" + metrics);
        }
    }

    private void pages(Sidecar sidecar) throws Exception {
        int port = sidecar.httpPort();
        assertEquals(200, get(port, "/health").statusCode());
        HttpResponse<String> ready = get(port, "/ready");
        assertEquals(200, ready.statusCode(), ready.body());
        assertEquals("{\"ready\":true,\"reasons\":[]}", ready.body());
        assertTrue(get(port, "/").body().contains("<td>near"));
        assertTrue(get(port, "/status").body().contains("\"name\":\"near\""));
        assertEquals(404, get(port, "/nothing").statusCode());
        assertEquals(
                405,
                http.send(
                                HttpRequest.newBuilder(uri(port, "/ready"))
                                        .POST(HttpRequest.BodyPublishers.ofString("x"))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .statusCode());
    }

    private static void statusCommand(Sidecar sidecar) {
        StringWriter out = new StringWriter();
        CommandLine line = Annex.commandLine().setOut(new PrintWriter(out));
        int exitCode =
                line.execute(
                        "status",
                        "--url=jdbc:postgresql://127.0.0.1:" + sidecar.port() + "/annex",
                        "--user=annex",
                        "--password=" + SECRET);
        assertEquals(0, exitCode);
        assertTrue(out.toString().contains("annex_main"), out.toString());
        assertTrue(out.toString().contains("near"), out.toString());
    }

    private void stops(Sidecar sidecar) throws Exception {
        int port = sidecar.httpPort();
        long began = System.nanoTime();
        sidecar.close();
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
        assertTrue(seconds < 10, seconds + " s");
        Assertions.assertThrows(ConnectException.class, () -> get(port, "/health"));
    }

    @Test
    @Timeout(60)
    void withoutADatabaseItIsAliveAndNotReady(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("annex.yaml");
        Files.writeString(
                file,
                """
                database.url: jdbc:postgresql://127.0.0.1:1/none
                data-directory: %s
                secret: %s
                listen.port: 0
                http.port: 0
                """
                        .formatted(directory.resolve("data"), SECRET));
        try (Sidecar sidecar = Sidecar.start(ReadConfig.read(file, Map.of()))) {
            assertEquals(200, get(sidecar.httpPort(), "/health").statusCode());
            HttpResponse<String> ready = get(sidecar.httpPort(), "/ready");
            assertEquals(503, ready.statusCode());
            assertTrue(ready.body().startsWith("{\"ready\":false,\"reasons\":[\"not streaming"));
            assertFalse(sidecar.status().stream().streaming());
        }
    }

    private static Config config(TestServer server, Path directory) throws IOException {
        Path file = directory.resolve("annex.yaml");
        Files.writeString(
                file,
                """
                database:
                  url: %s
                  user: postgres
                data-directory: %s
                secret: %s
                listen.port: 0
                http.port: 0
                audit-interval-millis: 100
                """
                        .formatted(server.url(), directory.resolve("data"), SECRET));
        return ReadConfig.read(file, Map.of());
    }

    private HttpResponse<String> get(int port, String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(uri(port, path)).timeout(Duration.ofSeconds(10)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static URI uri(int port, String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }
}
