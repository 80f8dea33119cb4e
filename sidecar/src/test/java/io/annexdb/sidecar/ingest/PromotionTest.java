package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.query.Consistency;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A primary dies under writes, its standby is promoted, and the sidecar finds it by itself. The
 * promoted server's table is the judge: what the standby never got is in no answer from the
 * promotion on.
 */
class PromotionTest {
    @TempDir Path directory;

    private TestServer primary;
    private TestServer standby;
    private Scene scene;

    @BeforeEach
    void start() throws Exception {
        primary =
                TestServer.startIn(
                        directory.resolve("primary"), "max_wal_senders", "10", "hot_standby", "on");
        int version = Integer.parseInt(primary.query("SHOW server_version_num").getFirst());
        assumeTrue(version >= 170_000, "skipped: standbys have no slots before PostgreSQL 17");
        primary.execute("SELECT pg_create_physical_replication_slot('standby', true)");
        standby =
                primary.standby(
                        directory.resolve("standby"),
                        "primary_slot_name",
                        "standby",
                        "hot_standby_feedback",
                        "on",
                        "sync_replication_slots",
                        "on",
                        "wal_receiver_status_interval",
                        "1");
        String url =
                "jdbc:postgresql://localhost:%d,localhost:%d/postgres?user=postgres"
                                .formatted(
                                        primary.postgres().getPort(), standby.postgres().getPort())
                        + "&targetServerType=primary&hostRecheckSeconds=1";
        scene = Scene.open(url, directory.resolve("index"));
        // So many that none of the logs is compacted meanwhile: one that begins later is compared.
        scene.execute(
                "CREATE TABLE docs (id bigint PRIMARY KEY, tenant text, v real[])",
                "INSERT INTO docs SELECT i, 't', ARRAY[i, 1] FROM generate_series(1, 20000) i");
        scene.createIndex(1, "public.docs", "v", "tenant");
        scene.assertSame(1, "docs", "v", 2, "tenant");
    }

    @AfterEach
    void stop() throws Exception {
        if (scene != null) {
            scene.close();
        }
        if (standby != null) {
            standby.close();
        }
        primary.close();
    }

    /** The slot waits for the standby, so the sidecar is never ahead of it. */
    @Test
    void aStandbyThatHadAllIsFollowedWithoutALook() throws Exception {
        primary.execute(
                "ALTER SYSTEM SET synchronized_standby_slots = 'standby'",
                "SELECT pg_reload_conf()");
        VectorIndex index = scene.ready(1);
        awaitSlotOnStandby();
        try (Writers writers = new Writers()) {
            Thread.sleep(1_000);
            primary.kill();
            assertTrue(writers.statements() > 20, "under writes");
        }
        promote();
        assertAnswers(Set.of());
        scene.assertSame(1, "docs", "v", 2, "tenant");
        assertEquals(List.of(index), scene.registry().shardsOf(1), "it went on");
        assertEquals(0, decided("older_snapshot"));
        assertEquals(0, decided("reconcile"));
        assertEquals(0, refused("switch_point"));
        assertEquals(2, timeline(), "the promoted server's timeline is kept");
    }

    /**
     * The standby has the slot, and not the newest rows: the indexes go back to its switch point.
     */
    @Test
    void whatTheStandbyLacksIsTakenBack() throws Exception {
        Set<Long> lost = loseRows();
        promote();
        assertAnswers(lost);
        scene.assertSame(1, "docs", "v", 2, "tenant");
        assertEquals(1, decided("older_snapshot"), scene::describe);
        assertEquals(0, decided("reconcile"), "no copy");
        assertEquals(1, refused("switch_point"));
        assertEquals(2, timeline());
    }

    @Test
    void whatTheStandbyLacksIsTakenBackByASidecarThatWasDown() throws Exception {
        Set<Long> lost = loseRows();
        scene.stop();
        promote();
        scene.start();
        assertAnswers(lost);
        scene.assertSame(1, "docs", "v", 2, "tenant");
        assertEquals(1, decided("older_snapshot"), scene::describe);
        assertEquals(0, decided("reconcile"), "no copy");
    }

    /** As on PostgreSQL 15 and 16, where a standby has no logical slots. */
    @Test
    void withoutASlotEachRowIsCompared() throws Exception {
        Set<Long> lost = loseRows();
        standby.stop();
        try (Stream<Path> files = Files.walk(directory.resolve("standby/pg_replslot/annex_main"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        standby.restart();
        promote();
        assertAnswers(lost);
        scene.assertSame(1, "docs", "v", 2, "tenant");
        assertEquals(1, decided("reconcile"), scene::describe);
        assertEquals(0, decided("rebuild"));
        assertEquals(0, decided("older_snapshot"), "the slot has not all since then");
        assertEquals(1, refused("switch_point"));
    }

    /** Rows that the sidecar has and the standby, which is down meanwhile, never gets. */
    private Set<Long> loseRows() throws Exception {
        awaitSlotOnStandby();
        standby.stop();
        try (Writers writers = new Writers()) {
            scene.execute(
                    "INSERT INTO docs SELECT i, 't', ARRAY[i, 1] FROM generate_series(900001,"
                            + " 900100) i",
                    "DELETE FROM docs WHERE id BETWEEN 1 AND 50",
                    "UPDATE docs SET v = ARRAY[-id, 5] WHERE id BETWEEN 51 AND 99");
            Thread.sleep(700);
            assertTrue(writers.statements() > 20, "under writes");
            Lsn flushed = scene.running().primaryPosition().flushLsn();
            assertTrue(
                    scene.registry().awaitApplied(flushed, Duration.ofSeconds(10)),
                    scene::describe);
            primary.kill();
        }
        Set<Long> lost =
                scene.search(1, "t", Consistency.EVENTUAL).stream()
                        .filter(id -> id > 900_000)
                        .collect(Collectors.toSet());
        assertTrue(lost.size() >= 100, "the sidecar is ahead by " + lost.size() + " rows");
        standby.restart();
        return lost;
    }

    private void awaitSlotOnStandby() throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (standby.query(
                        "SELECT 1 FROM pg_replication_slots WHERE slot_name = 'annex_main' AND"
                                + " synced AND NOT temporary AND invalidation_reason IS NULL")
                .isEmpty()) {
            assertTrue(System.nanoTime() < end, "the standby has no synchronized slot");
            primary.execute("SELECT pg_log_standby_snapshot()", "DELETE FROM docs WHERE id = 0");
            Thread.sleep(200);
        }
    }

    private void promote() throws SQLException {
        assertEquals(List.of("t"), standby.query("SELECT pg_promote(true, 60)"));
    }

    /** From the promotion on no answer has what the promoted server never got. */
    private void assertAnswers(Set<Long> lost) throws Exception {
        scene.assertAnswers(
                id -> "INSERT INTO docs VALUES (%d, 't', ARRAY[1, 1])".formatted(id),
                found -> found.stream().anyMatch(lost::contains));
    }

    private long decided(String decision) {
        return scene.counted("annex_recovery_total{decision=\"%s\"}".formatted(decision));
    }

    private long refused(String check) {
        return scene.counted("annex_connect_refusals_total{check=\"%s\"}".formatted(check));
    }

    private int timeline() {
        return scene.registry().identity().orElseThrow().server().history().timeline();
    }

    /** Two writers on the primary, which end with it. */
    private final class Writers implements AutoCloseable {
        private final AtomicBoolean done = new AtomicBoolean();
        private final ExecutorService executor = Executors.newFixedThreadPool(2);
        private final AtomicInteger written = new AtomicInteger();
        private final List<Future<?>> running;

        Writers() {
            running =
                    List.of(
                            executor.submit(() -> write(910_000, 1)),
                            executor.submit(() -> write(920_000, -1)));
        }

        int statements() {
            return written.get();
        }

        private void write(int from, int step) {
            try (var connection = primary.connect();
                    var statement = connection.createStatement()) {
                for (int i = 0; !done.get(); i++) {
                    int id = from + step * i;
                    statement.execute(
                            "INSERT INTO docs VALUES (%d, 't', ARRAY[%d, 1])".formatted(id, i));
                    statement.execute(
                            "UPDATE docs SET v = ARRAY[%d, 7] WHERE id = %d"
                                    .formatted(i, 100 + i % 1_000));
                    statement.execute("DELETE FROM docs WHERE id = " + (id - 3 * step));
                    written.addAndGet(3);
                }
            } catch (SQLException e) {
                // The primary is gone.
                done.set(true);
            }
        }

        @Override
        public void close() {
            done.set(true);
            executor.close();
            for (Future<?> each : running) {
                if (each.state() == Future.State.FAILED) {
                    throw new IllegalStateException(each.exceptionNow());
                }
            }
        }
    }
}
