package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/**
 * Scans of codes with the nearest scored by their vectors: recall is a gate after everything that
 * may happen to rows, of all of them and of a big namespace; without codes a scan is exact.
 */
class CodeScanTest {
    private static final int ROWS = 4_000;
    private static final int K = 10;
    private static final int EF = 100;
    private static final double RECALL_LEAST = 0.98;

    @TempDir Path directory;

    private final List<RowKey> live = new ArrayList<>();

    @ParameterizedTest(name = "{0} {1} {2} {3} elements, seed {4}")
    @CsvSource({
        "COSINE, FLOAT32, RABITQ, 256, 1",
        "L2, FLOAT32, RABITQ, 256, 2",
        "INNER_PRODUCT, FLOAT32, RABITQ, 256, 3",
        "COSINE, FLOAT32, SQ8, 96, 4",
        "L2, FLOAT16, SQ8, 96, 5",
        "INNER_PRODUCT, FLOAT32, SQ8, 96, 6",
        "COSINE, FLOAT32, PQ, 128, 7",
        "L2, FLOAT32, PQ, 128, 8",
        "INNER_PRODUCT, FLOAT16, PQ, 128, 9"
    })
    void recallHoldsThroughALife(
            Metric metric, ElementType elements, Quantization quantization, int dimension, int seed)
            throws Exception {
        Random random = new Random(seed);
        float[][] vectors = Fixture.embedded(random, ROWS, dimension, 16);
        float[][] queries = Fixture.embedded(random, 50, dimension, 16);
        Arrays.setAll(vectors, i -> Fixture.stored(elements, vectors[i]));
        Arrays.setAll(queries, i -> Fixture.stored(elements, queries[i]));
        ShardDefinition shard =
                Fixture.shard(metric, elements, Method.FLAT, quantization, dimension);
        IndexSettings settings =
                IndexSettings.of(directory).withLinkerThreads(2).withNamespaceScanMax(500);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(10), ROWS / 2);
            for (int i = 0; i < ROWS / 2; i++) {
                index.load(Fixture.key(i), namespace(i), vectors[i]);
                live.add(Fixture.key(i));
            }
            index.finishLoad();
            gate("build", index, queries);
            for (int i = ROWS / 2; i < ROWS; i++) {
                index.upsert(Fixture.key(i), namespace(i), vectors[i]);
                live.add(Fixture.key(i));
            }
            index.commit(new Lsn(20));
            gate("insert", index, queries);
            for (int i = 0; i < ROWS * 3 / 10; i++) {
                index.delete(live.remove(random.nextInt(live.size())));
            }
            index.commit(new Lsn(30));
            gate("delete", index, queries);
            registry.advanceApplied(new Lsn(30));
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            gate("restart", index, queries);
            Generation before = generation(index);
            for (RowKey key : live) {
                index.upsert(key, namespace(id(key)), vectors[random.nextInt(ROWS)]);
            }
            index.commit(new Lsn(40));
            gate("churn", index, queries);
            assertTrue(before != generation(index), "was compacted");
            index.truncate();
            live.clear();
            for (int i = 0; i < ROWS / 2; i++) {
                index.upsert(Fixture.key(i), namespace(i), vectors[i]);
                live.add(Fixture.key(i));
            }
            gate("truncate", index, queries);
        }
    }

    /** Every third row is in another namespace than the most. */
    private static String namespace(int id) {
        return id % 3 == 0 ? "other" : "most";
    }

    private static int id(RowKey key) {
        return Integer.parseInt(key.columns().getFirst());
    }

    private void gate(String when, VectorIndex index, float[][] queries) throws Exception {
        awaitCodes(index);
        List<RowKey> most = live.stream().filter(key -> namespace(id(key)).equals("most")).toList();
        assertEquals(live.size(), index.status().rows(), when);
        gate(when, index, queries, null, live);
        gate(when, index, queries, "most", most);
    }

    private static void gate(
            String when,
            VectorIndex index,
            float[][] queries,
            @Nullable String namespace,
            List<RowKey> rows) {
        double recall = 0;
        boolean isExact = true;
        for (float[] query : queries) {
            List<Neighbor> exact = index.reads().rank(query, K, rows, Double.POSITIVE_INFINITY);
            List<Neighbor> found = Fixture.search(index, query, K, EF, namespace);
            assertEquals(K, found.size(), when);
            recall += Fixture.recall(exact, found) / queries.length;
            isExact &= exact.subList(0, 1).equals(Fixture.search(index, query, 1, 1, namespace));
        }
        assertTrue(recall >= RECALL_LEAST, "recall after " + when + " is " + recall);
        // One bit an element misses some when few are looked at: so the bits were asked.
        IndexDefinition definition = index.definition().index();
        boolean isRough =
                definition.options().quantization() == Quantization.RABITQ
                        && definition.metric() != Metric.INNER_PRODUCT;
        assertTrue(!isRough || !isExact, "codes were not used after " + when);
    }

    @ParameterizedTest
    @CsvSource({"AUTO", "NONE"})
    void withoutCodesAScanIsExact(Quantization quantization) throws Exception {
        compareWithMap(quantization, 3_000);
    }

    @ParameterizedTest
    @CsvSource({"RABITQ", "SQ8", "PQ"})
    void fewRowsAreScannedExactly(Quantization quantization) throws Exception {
        compareWithMap(quantization, 900);
    }

    private void compareWithMap(Quantization quantization, int rows) throws Exception {
        Random random = new Random(81);
        int dimension = 64;
        float[][] vectors = Fixture.clustered(random, rows, dimension, 10);
        ShardDefinition shard =
                Fixture.shard(Metric.L2, ElementType.FLOAT32, Method.FLAT, quantization, dimension);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, shard);
            for (int i = 0; i < rows; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
            }
            Fixture.awaitIdle(index);
            assertEquals(0, index.status().memoryBytes().get("codes"));
            for (float[] query : Fixture.clustered(random, 30, dimension, 10)) {
                double[] expected =
                        Arrays.stream(vectors)
                                .mapToDouble(each -> Fixture.distance(Metric.L2, query, each))
                                .sorted()
                                .limit(K)
                                .toArray();
                double[] found =
                        Fixture.search(index, query, K, 10).stream()
                                .mapToDouble(Neighbor::distance)
                                .toArray();
                assertEquals(
                        Arrays.toString(expected), Arrays.toString(found), "the map's distances");
            }
        }
    }

    /** The graph leads to the query's surroundings, where nobody of the namespace is. */
    @Test
    void aNamespaceInACornerIsFoundFromAfar() throws Exception {
        Random random = new Random(101);
        int dimension = 256;
        float[][] vectors = Fixture.embedded(random, 5_000, dimension, 16);
        double[] sorted = Arrays.stream(vectors).mapToDouble(each -> each[0]).sorted().toArray();
        ShardDefinition shard =
                Fixture.shard(
                        Metric.L2,
                        ElementType.FLOAT32,
                        Method.HNSW,
                        Quantization.RABITQ,
                        dimension);
        for (int share = 3; share <= 30; share *= 3) {
            float least = (float) sorted[vectors.length * (100 - share) / 100];
            try (IndexRegistry registry =
                    IndexRegistry.open(
                            IndexSettings.of(directory.resolve("share" + share))
                                    .withLinkerThreads(2)
                                    .withNamespaceScanMax(100))) {
                VectorIndex index = Fixture.ready(registry, shard);
                List<RowKey> corner = new ArrayList<>();
                for (int i = 0; i < vectors.length; i++) {
                    boolean isRare = vectors[i][0] >= least;
                    index.upsert(Fixture.key(i), isRare ? "corner" : "rest", vectors[i]);
                    if (isRare) {
                        corner.add(Fixture.key(i));
                    }
                }
                awaitCodes(index);
                double recall = 0;
                for (int i = 0; i < 50; i++) {
                    float[] query = vectors[random.nextInt(vectors.length)];
                    List<Neighbor> exact =
                            index.reads().rank(query, K, corner, Double.POSITIVE_INFINITY);
                    List<Neighbor> found = Fixture.search(index, query, K, EF, "corner");
                    assertEquals(K, found.size());
                    recall += Fixture.recall(exact, found) / 50;
                }
                assertTrue(recall >= RECALL_LEAST, share + " %: recall " + recall);
            }
        }
    }

    /** Rows are replaced again and again: an answer has each of them once, none is missing. */
    @Test
    void answersAreWholeWhileRowsAreReplaced() throws Exception {
        Random random = new Random(91);
        int dimension = 256;
        float[][] vectors = Fixture.embedded(random, 3_000, dimension, 16);
        ShardDefinition shard =
                Fixture.shard(
                        Metric.L2,
                        ElementType.FLOAT32,
                        Method.FLAT,
                        Quantization.RABITQ,
                        dimension);
        IndexSettings settings = IndexSettings.of(directory).withNamespaceScanMax(100);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard);
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(Fixture.key(i), "n", vectors[i]);
            }
            awaitCodes(index);
            Thread writer =
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int i = 0; i < 8_000; i++) {
                                    int row = i % vectors.length;
                                    // Another vector, whose nearest is its own old one.
                                    float[] moved = vectors[row].clone();
                                    moved[i % dimension] += 1e-3f;
                                    index.upsert(Fixture.key(row), "n", moved);
                                }
                            });
            int searches = 0;
            while (writer.isAlive() || searches < 100) {
                int row = random.nextInt(vectors.length);
                String namespace = searches++ % 2 == 0 ? "n" : null;
                List<Neighbor> found = Fixture.search(index, vectors[row], K, EF, namespace);
                assertEquals(K, Set.copyOf(found.stream().map(Neighbor::key).toList()).size());
                assertEquals(Fixture.key(row), found.getFirst().key());
            }
            writer.join();
        }
    }

    private static void awaitCodes(VectorIndex index) throws InterruptedException {
        Fixture.awaitIdle(index);
        assertTrue(Objects.requireNonNull(index.status().memoryBytes().get("codes")) > 0);
    }

    private static Generation generation(VectorIndex index) {
        return Objects.requireNonNull(index.store().rows().generation());
    }
}
