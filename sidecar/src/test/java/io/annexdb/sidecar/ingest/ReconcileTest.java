package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * After a gap the rows that are there are compared with the table: the index ends as the table, and
 * what was right has kept its place.
 */
class ReconcileTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    @RegisterExtension static final SharedServer SERVER = new SharedServer();

    @TempDir Path directory;

    private Scene scene() throws Exception {
        return scene(true);
    }

    /** With event triggers, or as where the installer was not allowed to have them. */
    private Scene scene(boolean triggers) throws Exception {
        Scene scene = Scene.openWithTriggers(SERVER.newUrl(), directory);
        if (!triggers) {
            scene.execute(
                    "ALTER EVENT TRIGGER annex_follow_rewrites DISABLE",
                    "ALTER EVENT TRIGGER annex_follow_publications DISABLE",
                    "ALTER EVENT TRIGGER annex_follow_publications_dropped DISABLE");
        }
        scene.execute(
                "CREATE TABLE docs (id bigint PRIMARY KEY, tenant text, v real[])",
                "ALTER TABLE docs ALTER COLUMN v SET STORAGE EXTERNAL",
                rows(1, 500));
        scene.createIndex(1, "public.docs", "v", "tenant");
        scene.assertSame(1, "docs", "v", 600, "tenant");
        return scene;
    }

    private static String rows(int from, int to) {
        return "INSERT INTO docs SELECT i, 't' || i % 3, (SELECT array_agg(i + j) FROM"
                + " generate_series(1, 600) j) FROM generate_series("
                + from
                + ", "
                + to
                + ") i";
    }

    /** Waits until a copy has ended, and says what it found. */
    private static CopyResult compared(Scene scene) throws Exception {
        CopyResult nothing = new CopyResult(0, 0, 0, 0);
        scene.await(
                scene::describe,
                () ->
                        scene.shards(1).stream()
                                .anyMatch(index ->
                                        index.state() == State.READY
                                                && !index.copied().equals(nothing)
                                                && index.copied().added() < 400));
        return scene.ready(1).copied();
    }

    @Test
    void aSlotMadeAnewCostsOnlyTheDifference() throws Exception {
        try (Scene scene = scene()) {
            scene.stop();
            scene.execute(
                    "SELECT pg_drop_replication_slot('annex_main')",
                    "DELETE FROM docs WHERE id <= 20",
                    "UPDATE docs SET tenant = 'moved' WHERE id BETWEEN 21 AND 50",
                    "UPDATE docs SET v = (SELECT array_agg(random()) FROM generate_series(1, 600))"
                            + " WHERE id BETWEEN 51 AND 60",
                    rows(501, 540),
                    "SELECT pg_create_logical_replication_slot('annex_main', 'pgoutput')");
            scene.start();
            assertEquals(new CopyResult(440, 40, 40, 20), compared(scene));
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertEquals(30, scene.ready(1).status().tombstones(), "the others kept their places");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPublicationThatLostTheTableCostsOnlyTheDifference(boolean triggers) throws Exception {
        try (Scene scene = scene(triggers)) {
            scene.execute(
                    "ALTER PUBLICATION annex_data DROP TABLE docs",
                    "DELETE FROM docs WHERE id <= 10",
                    rows(501, 505));
            CopyResult found = compared(scene);
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertTrue(found.kept() >= 490 && found.removed() <= 10, found.toString());
        }
    }

    /**
     * From the commit that alters the publication until its rows have been compared the index is
     * one that nobody has; also over a restart, and when that happens twice.
     */
    @Test
    void anAlteredPublicationsIndexDoesNotServeUntilItIsCompared() throws Exception {
        try (Scene scene = scene();
                Connection writer = scene.connect()) {
            long before = scene.number(1);
            // A snapshot waits for it, and so does the comparison.
            writer.setAutoCommit(false);
            try (Statement statement = writer.createStatement()) {
                statement.execute("CREATE TABLE other (i int)");
            }
            scene.execute("ALTER PUBLICATION annex_data SET (publish = 'insert')");
            long once = scene.number(1);
            assertFalse(once == before, "the index has the number that it had");
            scene.await(scene::describe, () -> scene.registry().shardsOf(once).size() == 1);
            assertEquals(List.of(), scene.registry().shardsOf(before));
            assertEquals(500, refused(scene, once).draftRows());
            scene.execute("ALTER PUBLICATION annex_data DROP TABLE docs");
            long twice = scene.number(1);
            scene.await(scene::describe, () -> scene.registry().shardsOf(twice).size() == 1);
            refused(scene, twice);
            scene.stop();
            scene.start();
            scene.await(scene::describe, () -> scene.registry().shardsOf(twice).size() == 1);
            assertEquals(500, refused(scene, twice).draftRows());
            writer.commit();
            assertEquals(new CopyResult(500, 0, 0, 0), compared(scene));
            scene.stop();
            scene.start();
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertEquals(0, scene.ready(1).status().loadedRows(), "compared again");
        }
    }

    private static VectorIndex refused(Scene scene, long number) {
        VectorIndex index = scene.registry().shardsOf(number).getFirst();
        assertEquals(State.LOADING, index.state());
        AnnexException refused =
                assertThrows(
                        AnnexException.class,
                        () ->
                                index.reads()
                                        .search(
                                                new float[600],
                                                1,
                                                10,
                                                null,
                                                Double.POSITIVE_INFINITY,
                                                () -> false));
        assertEquals(ErrorCode.NOT_SERVABLE, refused.code());
        return index;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPublicationMadeAnewWhileNobodyLookedCostsOnlyTheDifference(boolean triggers)
            throws Exception {
        try (Scene scene = scene(triggers)) {
            scene.stop();
            scene.execute(
                    "DROP PUBLICATION annex_data",
                    "DELETE FROM docs WHERE id <= 10",
                    "CREATE PUBLICATION annex_data FOR TABLE docs",
                    rows(501, 505));
            scene.start();
            CopyResult found = compared(scene);
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertEquals(new CopyResult(490, 0, 5, 10), found);
        }
    }

    @Test
    void aDamagedLogCostsOnlyWhatItLost() throws Exception {
        try (Scene scene = scene()) {
            scene.stop();
            Path log;
            try (Stream<Path> files = Files.walk(directory)) {
                log =
                        files.filter(file -> file.getFileName().toString().startsWith("log-"))
                                .findFirst()
                                .orElseThrow();
            }
            byte[] bytes = Files.readAllBytes(log);
            bytes[bytes.length / 2] ^= 1;
            Files.write(log, bytes);
            scene.start();
            CopyResult found = compared(scene);
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertTrue(found.kept() >= 240 && found.added() >= 240, found.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTableRewrittenWhileNobodyLookedIsCompared(boolean triggers) throws Exception {
        try (Scene scene = scene(triggers)) {
            scene.stop();
            scene.execute(
                    "ALTER TABLE docs ALTER COLUMN v TYPE real[] USING CASE WHEN id % 100 = 0 THEN"
                            + " v[2:600] || 9::real ELSE v END");
            scene.start();
            CopyResult found = compared(scene);
            scene.assertSame(1, "docs", "v", 600, "tenant");
            assertEquals(new CopyResult(495, 5, 0, 0), found);
        }
    }

    /** Rows change in every way while they are compared; their vectors are stored out of line. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void writersBesideTheComparison(boolean triggers) throws Exception {
        System.out.println("ReconcileTest seed " + SEED);
        AtomicBoolean done = new AtomicBoolean();
        try (Scene scene = scene(triggers);
                ExecutorService executor = Executors.newFixedThreadPool(2)) {
            RandomWriter changes = new RandomWriter(scene, SEED, 400, 1);
            List<Future<Integer>> writers =
                    List.of(
                            executor.submit(() -> changes.run(done, 0)),
                            executor.submit(() -> changes.run(done, 1)));
            try {
                for (int round = 0; round < 4; round++) {
                    VectorIndex before = scene.ready(1);
                    if (round % 2 == 0) {
                        scene.execute("ALTER PUBLICATION annex_data DROP TABLE docs");
                        scene.await(
                                scene::describe, () -> !scene.shards(1).equals(List.of(before)));
                    } else {
                        scene.stop();
                        scene.execute("SELECT pg_drop_replication_slot('annex_main')");
                        scene.start();
                        scene.await(
                                scene::describe,
                                () ->
                                        scene.shards(1).stream()
                                                .anyMatch(each -> each.copied().kept() > 0));
                    }
                    scene.ready(1);
                    assertFalse(scene.ready(1).copied().kept() == 0, "built anew");
                }
            } finally {
                done.set(true);
            }
            int statements = 0;
            for (Future<Integer> writer : writers) {
                statements += writer.get();
            }
            System.out.println("statements beside the comparisons: " + statements);
            scene.assertSame(1, "docs", "v", 600, "tenant");
        }
    }
}
