package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.hnsw.GraphCheck;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.ListOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.VectorStorage;

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
import java.util.stream.Stream;

/** Recall and reachability are gates: after a build, inserts, deletes, a restart, and churn. */
class RecallTest {
    private static final int DIMENSION = 48;
    private static final int K = 10;
    private static final int EF = 200;
    private static final double RECALL_LEAST = 0.98;

    @TempDir Path directory;

    @ParameterizedTest(name = "{0} {1} {2} {3} elements, seed {4}, {5} threads")
    @CsvSource({
        "COSINE, FLOAT32, NONE, 48, 11, 1",
        "L2, FLOAT32, NONE, 48, 12, 2",
        "INNER_PRODUCT, FLOAT32, NONE, 48, 13, 2",
        "L1, FLOAT32, NONE, 48, 14, 2",
        "COSINE, FLOAT32, RABITQ, 256, 15, 2",
        "L2, FLOAT32, RABITQ, 256, 16, 2",
        "INNER_PRODUCT, FLOAT32, RABITQ, 256, 17, 2",
        "COSINE, FLOAT32, SQ8, 48, 18, 2",
        "L2, FLOAT32, SQ8, 48, 19, 2",
        "INNER_PRODUCT, FLOAT32, SQ8, 48, 20, 2",
        "COSINE, FLOAT32, PQ, 128, 21, 2",
        "L2, FLOAT32, PQ, 128, 22, 2",
        "INNER_PRODUCT, FLOAT32, PQ, 128, 23, 2",
        "COSINE, FLOAT16, NONE, 48, 11, 1",
        "L2, FLOAT16, RABITQ, 256, 24, 2",
        "HAMMING, BIT, NONE, 96, 25, 1",
        "JACCARD, BIT, AUTO, 96, 26, 2"
    })
    void recallHoldsThroughALife(
            Metric metric,
            ElementType elements,
            Quantization quantization,
            int dimension,
            long seed,
            int threads)
            throws Exception {
        Random random = new Random(seed);
        int rows = 4_000;
        float[][] vectors = Fixture.embedded(random, rows, dimension, 16);
        float[][] queries = Fixture.embedded(random, 100, dimension, 16);
        Arrays.setAll(vectors, i -> Fixture.stored(elements, vectors[i]));
        Arrays.setAll(queries, i -> Fixture.stored(elements, queries[i]));
        ShardDefinition shard =
                Fixture.shard(metric, elements, Method.HNSW, quantization, dimension);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(threads);
        List<RowKey> live = new ArrayList<>();
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(10), rows / 2);
            for (int i = 0; i < rows / 2; i++) {
                index.load(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            index.finishLoad();
            gate("build", index, queries, live);
            for (int i = rows / 2; i < rows; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            index.commit(new Lsn(20));
            gate("insert", index, queries, live);
            for (int i = 0; i < rows * 3 / 10; i++) {
                RowKey key = live.remove(random.nextInt(live.size()));
                index.delete(key);
            }
            index.commit(new Lsn(30));
            gate("delete", index, queries, live);
            registry.advanceApplied(new Lsn(30));
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(
                    0, index.status().freshRows(), "the graph was read, nothing is linked again");
            gate("restart", index, queries, live);
            for (int round = 0; round < 2; round++) {
                for (RowKey key : live) {
                    index.upsert(key, null, vectors[random.nextInt(rows)]);
                }
                index.commit(new Lsn(40 + round));
                gate("churn", index, queries, live);
            }
        }
    }

    @Test
    void copiesOfOneVectorDoNotShutTheOthersOff() throws Exception {
        long seed = 21;
        Random random = new Random(seed);
        float[][] vectors = Fixture.clustered(random, 4_000, DIMENSION, 20);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(2);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.L2, Method.HNSW, DIMENSION));
            List<RowKey> live = new ArrayList<>();
            for (int i = 0; i < vectors.length; i++) {
                // Every other row is one of five vectors.
                float[] vector = i % 2 == 0 ? vectors[i % 10] : vectors[i];
                index.upsert(Fixture.key(i), null, vector);
                live.add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            index.store().checkpoint(generation(index));
            reachable("copies", index);
            for (int i = 0; i < 100; i++) {
                float[] query = vectors[random.nextInt(vectors.length / 2) * 2 + 1];
                List<Neighbor> found = Fixture.search(index, query, K, 60);
                List<Neighbor> exact = index.reads().rank(query, K, live, Double.POSITIVE_INFINITY);
                assertEquals(exact.getLast().distance(), found.getLast().distance(), 0.5);
            }
        }
    }

    @Test
    void twoSingleThreadedBuildsAreEqual() throws Exception {
        Random random = new Random(31);
        int dimension = 256;
        float[][] vectors = Fixture.clustered(random, 3_000, dimension, 20);
        List<List<List<Neighbor>>> answers = new ArrayList<>();
        for (int build = 0; build < 2; build++) {
            IndexSettings settings = IndexSettings.of(directory.resolve("build" + build));
            try (IndexRegistry registry = IndexRegistry.open(settings)) {
                VectorIndex index =
                        Fixture.ready(registry, Fixture.shard(Metric.L2, Method.HNSW, dimension));
                for (int i = 0; i < vectors.length; i++) {
                    index.upsert(Fixture.key(i), null, vectors[i]);
                }
                Fixture.awaitLinked(index);
                List<List<Neighbor>> found = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    found.add(Fixture.search(index, vectors[i * 7], K, 12));
                }
                answers.add(found);
            }
        }
        assertEquals(answers.get(0), answers.get(1));
    }

    @Test
    void bigNamespacesAreSearchedInTheGraphAndAnswersAreWhole() throws Exception {
        Random random = new Random(41);
        float[][] vectors = Fixture.clustered(random, 5_000, DIMENSION, 20);
        IndexSettings settings =
                IndexSettings.of(directory).withLinkerThreads(2).withNamespaceScanMax(100);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.COSINE, Method.HNSW, DIMENSION));
            List<List<RowKey>> members = List.of(new ArrayList<>(), new ArrayList<>());
            for (int i = 0; i < vectors.length; i++) {
                // The rare namespace is all in one corner: the graph alone would not find it.
                int rare = vectors[i][0] > 1.8 ? 1 : 0;
                index.upsert(Fixture.key(i), "n" + rare, vectors[i]);
                members.get(rare).add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            assertTrue(members.get(1).size() > 100, "not scanned: " + members.get(1).size());
            for (int which = 0; which < 2; which++) {
                double recall = 0;
                for (int i = 0; i < 100; i++) {
                    float[] query = vectors[random.nextInt(vectors.length)];
                    List<Neighbor> found = Fixture.search(index, query, K, EF, "n" + which);
                    List<Neighbor> exact =
                            index.reads()
                                    .rank(query, K, members.get(which), Double.POSITIVE_INFINITY);
                    assertEquals(K, found.size());
                    recall += Fixture.recall(exact, found) / 100;
                }
                assertTrue(recall >= RECALL_LEAST, "namespace " + which + ": recall " + recall);
            }
        }
    }

    private static void gate(String when, VectorIndex index, float[][] queries, List<RowKey> live)
            throws InterruptedException {
        Fixture.awaitLinked(index);
        Fixture.awaitIdle(index);
        assertEquals(live.size(), index.status().rows());
        double recall = 0;
        for (float[] query : queries) {
            // The judge ranks every row, so the graph has no part in it.
            List<Neighbor> exact = index.reads().rank(query, K, live, Double.POSITIVE_INFINITY);
            List<Neighbor> found = Fixture.search(index, query, K, EF);
            assertEquals(K, found.size(), when);
            recall += Fixture.recall(exact, found) / queries.length;
        }
        assertTrue(recall >= RECALL_LEAST, "recall after " + when + " is " + recall);
        reachable(when, index);
    }

    private static void reachable(String when, VectorIndex index) throws InterruptedException {
        Fixture.awaitIdle(index);
        Generation generation = generation(index);
        GraphCheck.Report report = GraphCheck.check(generation.graph, generation.linking.linked());
        assertEquals(0, report.badLinks(), when);
        assertTrue(
                report.unreachable() <= report.nodes() / 1_000,
                report.unreachable() + " of " + report.nodes() + " unreachable after " + when);
    }

    @Test
    void tombstonesAreTakenOutInPlace() throws Exception {
        long seed = 41;
        Random random = new Random(seed);
        int rows = 3_000;
        float[][] vectors = Fixture.clustered(random, rows, DIMENSION, 20);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(2);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.L2, Method.HNSW, DIMENSION));
            List<RowKey> live = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            for (int i = 0; i < rows / 3; i++) {
                index.delete(live.remove(random.nextInt(live.size())));
            }
            Generation generation = generation(index);
            index.upsert(Fixture.key(rows), null, vectors[0]);
            live.add(Fixture.key(rows));
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (generation.tombstonesInGraph() > live.size() / 8) {
                assertTrue(System.nanoTime() < deadline, "still in the graph after 60 s");
                Thread.sleep(5);
            }
            Fixture.awaitLinked(index);
            generation.unlinkTombstones();
            GraphCheck.Report report =
                    GraphCheck.check(generation.graph, generation.linking.linked());
            assertEquals(0, report.deadLinks(), "seed " + seed + ": " + report);
            assertEquals(0, report.badLinks(), "seed " + seed + ": " + report);
            assertEquals(0, report.unreachable(), "seed " + seed + ": " + report);
            gate("unlinking", index, Fixture.clustered(random, 50, DIMENSION, 20), live);
        }
    }

    @Test
    void mappedVectorsTakeNoMemoryAndAnswerAlike() throws Exception {
        Random random = new Random(51);
        int dimension = 384;
        float[][] vectors = Fixture.embedded(random, 2_500, dimension, 16);
        List<List<List<Neighbor>>> answers = new ArrayList<>();
        for (VectorStorage storage : VectorStorage.values()) {
            IndexOptions options =
                    new IndexOptions(16, 100, Quantization.RABITQ, storage, ListOptions.DEFAULT);
            IndexSettings settings = IndexSettings.of(directory.resolve(storage.sqlName()));
            try (IndexRegistry registry = IndexRegistry.open(settings)) {
                VectorIndex index =
                        Fixture.ready(
                                registry,
                                Fixture.shard(
                                        Metric.L2,
                                        ElementType.FLOAT32,
                                        Method.HNSW,
                                        options,
                                        dimension));
                for (int i = 0; i < vectors.length; i++) {
                    index.upsert(Fixture.key(i), null, vectors[i]);
                }
                Fixture.awaitLinked(index);
                generation(index).segment.vectors().letGo();
                answers.add(
                        Stream.of(vectors)
                                .limit(100)
                                .map(query -> Fixture.search(index, query, K, 64))
                                .toList());
                long bytes = Objects.requireNonNull(index.status().memoryBytes().get("vectors"));
                assertEquals(storage == VectorStorage.MAPPED, bytes < vectors.length * 384L);
            }
        }
        assertEquals(answers.getFirst(), answers.getLast());
    }

    @Test
    void aLineOfRowsKeepsItsNeighboursWhenEveryRowMoves() throws Exception {
        int rows = 4_000;
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(2);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(Metric.L2, Method.HNSW, 2));
            for (int i = 0; i < rows; i++) {
                index.upsert(Fixture.key(i), null, new float[] {i, 1});
            }
            Fixture.awaitLinked(index);
            for (int i = 0; i < rows; i++) {
                index.upsert(Fixture.key(i), null, new float[] {i, 2});
                if (i % 100 == 99) {
                    Fixture.awaitLinked(index);
                }
            }
            int missed = 0;
            for (int i = 0; i < rows; i += 10) {
                List<Neighbor> found = Fixture.search(index, new float[] {i, 2}, 1, 100);
                missed += found.getFirst().key().equals(Fixture.key(i)) ? 0 : 1;
            }
            assertTrue(missed <= rows / 10 / 20, missed + " of " + rows / 10 + " rows missed");
        }
    }

    private static Generation generation(VectorIndex index) {
        return Objects.requireNonNull(index.store().rows().generation());
    }
}
