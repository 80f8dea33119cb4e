package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** Very many namespaces in one shard: each is searched exactly, and they take little memory. */
class NamespacesTest {
    private static final int NAMESPACES = 100_000;
    private static final int ROWS = 3 * NAMESPACES;
    private static final int DIMENSION = 8;
    private static final int SAMPLE = 2_000;

    @TempDir Path directory;

    private final ShardDefinition shard = Fixture.shard(Metric.L2, Method.FLAT, DIMENSION);
    private final float[][] vectors = new float[ROWS][];

    @Test
    void aHundredThousandNamespacesLiveInOneShard() {
        Random random = new Random(71);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(10), ROWS);
            for (int row = 0; row < ROWS; row++) {
                vectors[row] = Fixture.gaussian(random, DIMENSION, 1f);
                index.load(Fixture.key(row), name(row % NAMESPACES), vectors[row]);
            }
            index.finishLoad();
            compare(random, index, 0);
            assertTrue(bytes(index) < NAMESPACES * 300L, bytes(index) + " bytes");
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(State.READY, index.state());
            compare(random, index, 0);
            long before = bytes(index);
            // Fewer than half, lest compaction does it.
            int gone = NAMESPACES * 2 / 5;
            for (int row = 0; row < ROWS; row++) {
                if (row % NAMESPACES < gone) {
                    index.delete(Fixture.key(row));
                }
            }
            index.commit(new Lsn(20));
            compare(random, index, gone);
            assertTrue(bytes(index) < before * 7 / 10, bytes(index) + " of " + before);
        }
    }

    @Test
    void aRowThatMovesOnLeavesNothingBehind() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, shard);
            RowKey key = Fixture.key(1);
            float[] vector = new float[DIMENSION];
            index.upsert(key, name(0), vector);
            for (int i = 1; i <= NAMESPACES; i++) {
                index.updateKept(key, key, name(i));
            }
            assertEquals(List.of(), Fixture.search(index, vector, 1, 10, name(NAMESPACES - 1)));
            assertEquals(1, Fixture.search(index, vector, 1, 10, name(NAMESPACES)).size());
            assertTrue(bytes(index) < NAMESPACES * 10L, bytes(index) + " bytes");
        }
    }

    private static String name(int number) {
        return "tenant-" + number;
    }

    private static long bytes(VectorIndex index) {
        return Objects.requireNonNull(index.status().memoryBytes().get("namespaces"));
    }

    /** Searches some namespaces, of which those below a number have no rows. */
    private void compare(Random random, VectorIndex index, int gone) {
        for (int i = 0; i < SAMPLE; i++) {
            int number = random.nextInt(NAMESPACES);
            float[] query = vectors[random.nextInt(ROWS)];
            List<RowKey> expected =
                    IntStream.range(0, number < gone ? 0 : 3)
                            .map(each -> number + each * NAMESPACES)
                            .mapToObj(row ->
                                    new Neighbor(
                                            Fixture.key(row),
                                            Fixture.distance(Metric.L2, query, vectors[row]),
                                            0))
                            .sorted(Neighbor.ORDER)
                            .map(Neighbor::key)
                            .limit(2)
                            .toList();
            List<RowKey> found =
                    Fixture.search(index, query, 2, 10, name(number)).stream()
                            .map(Neighbor::key)
                            .toList();
            assertEquals(expected, found, "namespace " + number);
        }
    }
}
