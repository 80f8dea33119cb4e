package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.replication.BlockRange;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** First copies by several connections, of several tables, ended early and gone on with. */
class CopyTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_122L);

    @RegisterExtension static final SharedServer SERVER = new SharedServer();

    @TempDir Path directory;

    private Scene scene(int connections) throws Exception {
        return Scene.open(SERVER.newUrl(), directory, connections);
    }

    private static String table(String name, int rows) {
        return "CREATE TABLE %1$s (id bigint PRIMARY KEY, tenant text, v real[]);".formatted(name)
                + "ALTER TABLE %1$s ALTER COLUMN v SET STORAGE EXTERNAL;".formatted(name)
                + "INSERT INTO %s SELECT i, 't' || i %% 3, array_fill(1::real, ARRAY[599]) || i::real FROM generate_series(1, %d) i"
                        .formatted(name, rows);
    }

    /** Whether the copy for index 1 is beyond so many rows. */
    private static boolean hasLoaded(Scene scene, long rows) {
        return scene.shards(1).stream().anyMatch(each -> each.status().loadedRows() > rows);
    }

    private static void awaitLoaded(Scene scene, long rows) throws InterruptedException {
        scene.await(scene::describe, () -> hasLoaded(scene, rows));
    }

    @Test
    void partsHaveEachBlockOnce() {
        Random random = new Random(SEED);
        for (int i = 0; i < 10_000; i++) {
            long blocks = random.nextLong(1L << random.nextInt(1, 32));
            List<BlockRange> parts = BlockRange.split(blocks, random.nextInt(1, 17));
            assertEquals(0, parts.getFirst().from());
            assertEquals(BlockRange.END, parts.getLast().to(), "what is added since");
            for (int part = 1; part < parts.size(); part++) {
                assertEquals(parts.get(part - 1).to(), parts.get(part).from());
                assertTrue(parts.get(part).from() < blocks, "a part behind the table");
            }
        }
        assertEquals(1, BlockRange.split(0, 2).size());
        assertEquals(16, BlockRange.split(1_600, 2).size());
    }

    /** Rows change in every way while they are copied; their vectors are stored out of line. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void writersBesideTheCopy(int connections) throws Exception {
        System.out.println("CopyTest seed " + SEED);
        AtomicBoolean done = new AtomicBoolean();
        try (Scene scene = scene(connections);
                ExecutorService executor = Executors.newFixedThreadPool(2)) {
            scene.execute(table("docs", 6_000), table("more", 3_000), table("few", 0));
            List<Future<Integer>> writers =
                    List.of(
                            executor.submit(() -> write(scene, done, 0)),
                            executor.submit(() -> write(scene, done, 1)));
            try {
                scene.createIndexes(
                        Scene.index(1, "public.docs", "v", "tenant"),
                        Scene.index(2, "public.more", "v", null),
                        Scene.index(3, "public.few", "v", null));
                scene.ready(1);
                scene.ready(2);
            } finally {
                done.set(true);
            }
            int statements = 0;
            for (Future<Integer> writer : writers) {
                statements += writer.get();
            }
            System.out.println("statements beside the copies: " + statements);
            assertTrue(statements > 20, "the writers stood still");
            scene.assertSame(1, "docs", "v", 600, "tenant");
            scene.assertSame(2, "more", "v", 600, null);
            scene.assertSame(3, "few", "v", 600, null);
        }
    }

    private static int write(Scene scene, AtomicBoolean done, int remainder) throws SQLException {
        Random random = new Random(SEED + remainder);
        String[] statements = {
            "DELETE FROM docs WHERE id = ?",
            "UPDATE docs SET tenant = 'moved' WHERE id = ?",
            "UPDATE docs SET v[7] = random() WHERE id = ?",
            "UPDATE docs SET id = id + 20000 WHERE id = ?",
            "DELETE FROM more WHERE id = ?",
            "UPDATE more SET id = -id, tenant = 'kept' WHERE id = ?",
            "INSERT INTO few SELECT id + random() * 1000000, tenant, v FROM docs WHERE id = ?"
                    + " ON CONFLICT DO NOTHING"
        };
        int count = 0;
        try (Connection connection = scene.connect()) {
            for (; !done.get(); count++) {
                String sql = statements[random.nextInt(statements.length)];
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    statement.setLong(1, random.nextInt(3_000) * 2L + remainder);
                    statement.execute();
                }
            }
        }
        return count;
    }

    /**
     * A copy that was ended goes on with what it had: of those rows the server sends keys and
     * hashes. It tells how far it is, before and after.
     */
    @Test
    void aCopyThatEndedEarlySendsOnlyWhatIsMissing() throws Exception {
        int rows = 40_000;
        long vectorBytes = 600 * 8L;
        try (WatchingProxy proxy = new WatchingProxy(SERVER.port());
                Scene scene =
                        Scene.open(
                                "jdbc:postgresql://127.0.0.1:%d/%s"
                                        .formatted(proxy.port(), SERVER.newDatabase()),
                                directory,
                                2)) {
            scene.execute(table("docs", rows), "ANALYZE docs");
            proxy.sentBytes();
            scene.createIndex(1, "public.docs", "v", "tenant");
            Set<String> phases = new HashSet<>();
            scene.await(
                    scene::describe,
                    () -> {
                        IndexActivity now = scene.running().status().activities().get(1L);
                        if (now != null && now.rowsPerSecond() > 0) {
                            phases.add(now.phase());
                        }
                        return hasLoaded(scene, 15_000);
                    });
            assertEquals(Set.of("copying"), phases);
            assertEquals(rows, scene.shards(1).getFirst().status().expectedRows());
            scene.stop();
            long before = proxy.sentBytes();
            assertTrue(
                    before < rows * vectorBytes * 3 / 4, before + " bytes: it was not ended early");
            scene.execute(
                    "DELETE FROM docs WHERE id <= 10",
                    "UPDATE docs SET tenant = 'moved' WHERE id BETWEEN 11 AND 30",
                    "UPDATE docs SET v[1] = 2 WHERE id BETWEEN 31 AND 35");
            proxy.sentBytes();
            scene.start();
            VectorIndex index = scene.ready(1);
            long after = proxy.sentBytes();
            CopyResult found = index.copied();
            System.out.println(before + " bytes, then " + after + " with " + found);
            // A log is written 256 KB at a time, and what is gathered goes with the copy.
            int unwritten = (256 << 10) / (600 * Float.BYTES);
            assertTrue(found.kept() > 15_000 - 35 - unwritten, found.toString());
            assertEquals(rows - 10, found.kept() + found.changed() + found.added());
            assertEquals(rows - 10, index.status().loadedRows());
            assertTrue(
                    after < (found.added() + found.changed()) * vectorBytes + rows * 100L,
                    after + " bytes sent for " + found);
            scene.assertSame(1, "docs", "v", 600, "tenant");
        }
    }

    /** Of one snapshot; the others of it are copied to the end. */
    @Test
    void anIndexThatIsDroppedLeavesTheCopiesOfOthersAlone() throws Exception {
        try (Scene scene = scene(2)) {
            scene.execute(table("docs", 20_000), table("more", 2_000));
            scene.createIndexes(
                    Scene.index(1, "public.docs", "v", null),
                    Scene.index(2, "public.more", "v", null));
            awaitLoaded(scene, 1_000);
            assertEquals(State.LOADING, scene.shards(2).getFirst().state());
            scene.dropIndex(1);
            scene.assertSame(2, "more", "v", 600, null);
            assertEquals(List.of(), scene.shards(1));
            assertEquals(0, scene.ready(2).copied().kept(), "copied once");
            // Nothing keeps the table from being altered.
            scene.execute("SET lock_timeout = '2s'; ALTER TABLE docs DROP COLUMN v");
        }
    }

    /** A file that was exchanged while its blocks were read has other rows in them. */
    @Test
    void aTableThatIsRewrittenWhileItIsCopiedIsCopiedAgain() throws Exception {
        try (Scene scene = scene(2)) {
            scene.execute(table("docs", 20_000));
            scene.createIndex(1, "public.docs", "v", null);
            awaitLoaded(scene, 1_000);
            scene.execute("DELETE FROM docs WHERE id % 2 = 0", "VACUUM FULL docs");
            scene.assertSame(1, "docs", "v", 600, null);
        }
    }
}
