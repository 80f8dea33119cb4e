package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The server, or a file, is not what it was when the sidecar saw it last: connect checks say so.
 */
class ServerChangesTest {
    @TempDir Path directory;

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.startIn(directory.resolve("data"));
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private Scene scene() throws Exception {
        return scene(server.url());
    }

    private Scene scene(String url) throws Exception {
        Scene scene = Scene.open(url, directory.resolve("index"));
        scene.execute(
                "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                "INSERT INTO docs SELECT i, ARRAY[i, 1] FROM generate_series(1, 500) i");
        scene.createIndex(1, "public.docs", "v", null);
        scene.assertSame(1, "docs", "v", 2, null);
        return scene;
    }

    /** Another one has its place: it is waited for, and followed again when it is promoted. */
    @Test
    void aServerThatBecameAStandbyIsWaitedFor() throws Exception {
        try (Scene scene = scene()) {
            VectorIndex index = scene.ready(1);
            server.stop();
            Files.createFile(directory.resolve("data/standby.signal"));
            server.restart();
            scene.await(
                    scene::describe,
                    () -> scene.counted("annex_connect_refusals_total{check=\"source\"}") > 0);
            assertFalse(scene.running().status().streaming());
            assertTrue(scene.running().status().error().isPresent(), "what it waits for is said");
            assertEquals(List.of("t"), server.query("SELECT pg_promote(true, 60)"));
            scene.assertAnswers(
                    id -> "INSERT INTO docs VALUES (%d, '{1,2}')".formatted(id), found -> false);
            scene.assertSame(1, "docs", "v", 2, null);
            assertEquals(List.of(index), scene.registry().shardsOf(1), "it went on");
            assertEquals(
                    2, scene.registry().identity().orElseThrow().server().history().timeline());
        }
    }

    /** Its log ends before what the indexes hold: until they are compared nothing is served. */
    @Test
    void aServerRestoredFromACopyIsCompared() throws Exception {
        Path data = directory.resolve("data");
        Path copy = directory.resolve("copy");
        try (Scene scene = scene()) {
            server.stop();
            TestServer.copy(data, copy);
            server.restart();
            scene.execute(
                    "INSERT INTO docs SELECT i, ARRAY[i, 1] FROM generate_series(501, 3000) i",
                    "DELETE FROM docs WHERE id <= 20");
            scene.await(scene::describe, () -> scene.running().status().streaming());
            scene.assertSame(1, "docs", "v", 2, null);
            server.stop();
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
            TestServer.copy(copy, data);
            server.restart();
            scene.assertAnswers(
                    id -> "INSERT INTO docs VALUES (%d, '{1,2}')".formatted(id),
                    found -> found.stream().anyMatch(id -> 500 < id && id <= 3_000));
            scene.assertSame(1, "docs", "v", 2, null);
            CopyResult copied = scene.ready(1).copied();
            assertEquals(480, copied.kept());
            assertEquals(2_500, copied.removed());
            assertEquals(1, scene.counted("annex_connect_refusals_total{check=\"log_end\"}"));
            assertEquals(1, scene.counted("annex_recovery_total{decision=\"reconcile\"}"));
        }
    }

    /**
     * The checks saw the old slot, the stream begins at the new one's position: rows are lacking.
     */
    @Test
    void aSlotMadeAnewBetweenTheChecksAndTheStartIsNoticed() throws Exception {
        try (WatchingProxy proxy = new WatchingProxy(server.postgres().getPort());
                Scene scene =
                        scene("jdbc:postgresql://127.0.0.1:%d/postgres".formatted(proxy.port()))) {
            CompletableFuture<Void> recreated =
                    proxy.beforeNext("START_REPLICATION", this::recreateBehindAGap);
            server.execute(
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                            + " WHERE slot_name = 'annex_main'");
            recreated.get(30, TimeUnit.SECONDS);
            scene.assertAnswers(
                    id -> "INSERT INTO docs VALUES (%d, '{1,2}')".formatted(id),
                    found -> found.contains(20L) || !found.contains(600L));
            scene.assertSame(1, "docs", "v", 2, null);
            assertEquals(1, scene.counted("annex_connect_refusals_total{check=\"slot_position\"}"));
            assertEquals(1, scene.counted("annex_recovery_total{decision=\"reconcile\"}"));
            CopyResult copied = scene.ready(1).copied();
            assertEquals(470, copied.kept());
            assertEquals(10, copied.changed());
            assertEquals(20, copied.removed());
        }
    }

    private void recreateBehindAGap() throws Exception {
        while (!server.query("SELECT 1 FROM pg_replication_slots WHERE active").isEmpty()) {
            Thread.sleep(1);
        }
        server.execute(
                "DELETE FROM docs WHERE id <= 20",
                "UPDATE docs SET v = ARRAY[id, 7] WHERE id BETWEEN 21 AND 30",
                "INSERT INTO docs SELECT i, ARRAY[i, 1] FROM generate_series(501, 600) i",
                "SELECT pg_drop_replication_slot('annex_main')",
                "SELECT pg_create_logical_replication_slot('annex_main', 'pgoutput')");
    }

    /** Slots are the cluster's: two sidecars of one name in two databases would take turns. */
    @Test
    void aSlotOfAnotherDatabaseIsLeftAlone() throws Exception {
        String slot = "SELECT database FROM pg_replication_slots WHERE slot_name = 'annex_main'";
        try (Scene scene = Scene.open(server.url(), directory.resolve("index"))) {
            server.execute("CREATE DATABASE other");
            try (Connection other =
                            server.postgres().getDatabase("postgres", "other").getConnection();
                    Statement statement = other.createStatement()) {
                statement.execute(
                        "SELECT pg_create_logical_replication_slot('annex_main', 'pgoutput')");
            }
            scene.execute("CREATE TABLE docs (id bigint PRIMARY KEY, v real[])");
            scene.createIndex(1, "public.docs", "v", null);
            scene.await(
                    scene::describe,
                    () ->
                            scene.running()
                                    .status()
                                    .error()
                                    .filter(text -> text.contains("belongs to another database"))
                                    .isPresent());
            scene.dropIndex(1);
            scene.await(scene::describe, () -> scene.registry().open().isEmpty());
            Thread.sleep(500);
            assertEquals(List.of("other"), server.query(slot), "also without an index");
            server.execute("SELECT pg_drop_replication_slot('annex_main')");
            scene.createIndex(2, "public.docs", "v", null);
            scene.assertSame(2, "docs", "v", 2, null);
            assertEquals(List.of("postgres"), server.query(slot));
        }
    }

    /** Each shard's files must reach the position from which the slot goes on. */
    @Test
    void aShardWhoseFilesEndEarlierIsComparedAlone() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(
                    "CREATE TABLE more (id bigint PRIMARY KEY, v real[])",
                    "INSERT INTO more SELECT i, ARRAY[i, 1] FROM generate_series(1, 500) i");
            scene.createIndex(2, "public.more", "v", null);
            scene.assertSame(2, "more", "v", 2, null);
            scene.stop();
            shorten(1);
            scene.start();
            scene.assertSame(1, "docs", "v", 2, null);
            scene.assertSame(2, "more", "v", 2, null);
            assertTrue(scene.ready(1).copied().kept() > 400, "compared");
            assertEquals(new CopyResult(0, 0, 0, 0), scene.ready(2).copied(), "left alone");
            assertEquals(1, scene.counted("annex_recovery_total{decision=\"reconcile\"}"));
        }
    }

    /** Takes the last bytes from the log of an index, with the commit that was acknowledged. */
    private void shorten(long index) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("index"))) {
            Path log =
                    files.filter(file -> file.getFileName().toString().startsWith("log-"))
                            .filter(file -> file.toString().contains("/" + index + "-"))
                            .findFirst()
                            .orElseThrow();
            byte[] bytes = Files.readAllBytes(log);
            Files.write(log, Arrays.copyOf(bytes, bytes.length - 100));
        }
    }
}
