package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
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

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;

/** Recall of inverted lists is a gate all through an index's life; the judge ranks every row. */
class InvertedListsTest {
    private static final int DIMENSION = 48;
    private static final int ROWS = 12_000;
    private static final int K = 10;
    private static final int EF = 200;
    private static final double RECALL_LEAST = 0.97;

    @TempDir Path directory;

    private static ShardDefinition shard(Metric metric, int lists, int probes, int m, int bits) {
        return shard(metric, ElementType.FLOAT32, lists, probes, m, bits);
    }

    private static ShardDefinition shard(
            Metric metric, ElementType elements, int lists, int probes, int m, int bits) {
        IndexDefinition plain = Fixture.shard(metric, Method.IVFPQ, DIMENSION).index();
        IndexDefinition index =
                new IndexDefinition(
                        plain.id(),
                        plain.name(),
                        plain.table(),
                        plain.column(),
                        elements,
                        metric,
                        Method.IVFPQ,
                        plain.keyColumns(),
                        plain.namespaceColumn(),
                        DIMENSION,
                        new IndexOptions(
                                m,
                                100,
                                Quantization.AUTO,
                                VectorStorage.MEMORY,
                                new ListOptions(lists, probes, bits)));
        return new ShardDefinition(index, 16402, "public.docs");
    }

    @ParameterizedTest(name = "{0} of {4} seed {1}, {2} threads, {3} bits")
    @CsvSource({
        "COSINE, 51, 1, 0, FLOAT32",
        "L2, 52, 2, 4, FLOAT16",
        "INNER_PRODUCT, 53, 2, 4, FLOAT32",
        "L2, 54, 2, 8, FLOAT32"
    })
    void recallHoldsThroughALife(
            Metric metric, long seed, int threads, int bits, ElementType elements)
            throws Exception {
        Random random = new Random(seed);
        float[][] vectors = Fixture.clustered(random, ROWS + 2_000, DIMENSION, 40);
        Arrays.setAll(vectors, i -> Fixture.stored(elements, vectors[i]));
        float[][] queries = Fixture.clustered(random, 50, DIMENSION, 40);
        ShardDefinition shard = shard(metric, elements, 0, 0, bits == 8 ? 12 : 0, bits);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(threads);
        List<RowKey> live = new ArrayList<>();
        int trainedRows;
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(10), ROWS);
            for (int i = 0; i < ROWS; i++) {
                index.load(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            assertNull(lists(index), "the end of the copy tells how many rows there are");
            index.finishLoad();
            gate("build", index, queries, live);
            for (int i = ROWS; i < vectors.length; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            index.commit(new Lsn(20));
            gate("insert", index, queries, live);
            for (int i = 0; i < ROWS * 3 / 10; i++) {
                index.delete(live.remove(random.nextInt(live.size())));
            }
            index.commit(new Lsn(30));
            gate("delete", index, queries, live);
            registry.advanceApplied(new Lsn(30));
            trainedRows = Objects.requireNonNull(lists(index)).model().trainedRows();
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(0, index.status().freshRows(), "the lists were read");
            Lists read = Objects.requireNonNull(lists(index));
            assertEquals(trainedRows, read.model().trainedRows(), "nothing was trained again");
            gate("restart", index, queries, live);
            Generation before = index.store().rows().generation();
            for (int round = 0; round < 2; round++) {
                for (RowKey key : live) {
                    index.upsert(key, null, vectors[random.nextInt(vectors.length)]);
                }
                index.commit(new Lsn(40 + round));
                gate("churn", index, queries, live);
            }
            Fixture.awaitIdle(index);
            assertNotEquals(before, index.store().rows().generation(), "was compacted");
        }
    }

    @Test
    void fewRowsAreScannedAndMoreAreTrainedOnWhenTheyCome() throws Exception {
        Random random = new Random(61);
        float[][] vectors = Fixture.clustered(random, ROWS, DIMENSION, 40);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, shard(Metric.L2, 100, 40, 20, 4));
            List<RowKey> live = new ArrayList<>();
            for (int i = 0; i < 9_999; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            assertEquals(0, index.status().freshRows(), "nothing is to be done");
            assertNull(lists(index));
            exact(index, vectors[17], live);
            for (int i = 9_999; i < ROWS; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            Lists trained = Objects.requireNonNull(lists(index));
            assertEquals(100, trained.model().coarse().count());
            assertEquals(20, trained.model().books().segments());
            gate("training", index, Fixture.clustered(random, 50, DIMENSION, 40), live);
        }
    }

    @Test
    void otherRowsAreLearnedFrom() throws Exception {
        Random random = new Random(71);
        float[][] vectors = Fixture.clustered(random, ROWS, DIMENSION, 40);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(2);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard(Metric.L2, 0, 0, 0, 0));
            List<RowKey> live = new ArrayList<>();
            for (int i = 0; i < ROWS; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            Lists first = Objects.requireNonNull(lists(index));
            // Of 25,000 rows that lie elsewhere and wider, lists of the first kind know nothing.
            float[][] others = Fixture.clustered(random, 25_000, DIMENSION, 40);
            for (int i = 0; i < others.length; i++) {
                for (int d = 0; d < DIMENSION; d++) {
                    others[i][d] = 3 * others[i][d] + 5;
                }
                index.upsert(Fixture.key(ROWS + i), null, others[i]);
                live.add(Fixture.key(ROWS + i));
            }
            long deadline = System.nanoTime() + 120_000_000_000L;
            while (lists(index) == first) {
                assertTrue(System.nanoTime() < deadline, "not trained again");
                Thread.sleep(5);
            }
            gate("drift", index, Arrays.copyOf(others, 50), live);
            gate("drift, first rows", index, Arrays.copyOf(vectors, 50), live);
        }
    }

    @Test
    void namespacesHaveTheirRowsOrAll() throws Exception {
        Random random = new Random(81);
        float[][] vectors = Fixture.clustered(random, ROWS, DIMENSION, 40);
        IndexSettings settings =
                IndexSettings.of(directory).withLinkerThreads(2).withNamespaceScanMax(100);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard(Metric.COSINE, 0, 0, 0, 0));
            List<List<RowKey>> members = new ArrayList<>();
            for (int n = 0; n < 4; n++) {
                members.add(new ArrayList<>());
            }
            for (int i = 0; i < ROWS; i++) {
                // One of 7 rows, one of 80, one in a corner of some hundreds, one of the rest.
                int which = i < 7 ? 0 : i < 87 ? 1 : vectors[i][0] > 1.8 ? 2 : 3;
                index.upsert(Fixture.key(i), "n" + which, vectors[i]);
                members.get(which).add(Fixture.key(i));
            }
            Fixture.awaitLinked(index);
            assertNotNull(lists(index));
            assertTrue(members.get(2).size() > 300, "not scanned: " + members.get(2).size());
            for (int which = 0; which < 4; which++) {
                List<RowKey> keys = members.get(which);
                double recall = 0;
                for (int i = 0; i < 50; i++) {
                    float[] query = vectors[random.nextInt(ROWS)];
                    List<Neighbor> found = Fixture.search(index, query, K, EF, "n" + which);
                    List<Neighbor> exact =
                            index.reads().rank(query, K, keys, Double.POSITIVE_INFINITY);
                    assertEquals(Math.min(K, keys.size()), found.size());
                    recall += Fixture.recall(exact, found) / 50;
                }
                double least = which < 2 ? 1 : RECALL_LEAST;
                assertTrue(recall >= least, "namespace " + which + ": recall " + recall);
            }
            List<Neighbor> all =
                    Fixture.search(index, vectors[0], members.get(2).size() + 5, EF, "n2");
            assertEquals(members.get(2).size(), all.size());
        }
    }

    /**
     * A sidecar that was killed: the copy of its files has the lists as far as they were written.
     */
    @ParameterizedTest
    @ValueSource(strings = {"killed", "lists", "blocks", "missing"})
    void whatCannotBeReadIsMadeAgain(String damage) throws Exception {
        Random random = new Random(91);
        float[][] vectors = Fixture.clustered(random, ROWS, DIMENSION, 40);
        ShardDefinition shard = shard(Metric.L2, 0, 0, 0, 0);
        List<RowKey> live = new ArrayList<>();
        Path copy = directory.resolve("copy");
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory.resolve("first")))) {
            VectorIndex index = Fixture.ready(registry, shard);
            for (int i = 0; i < ROWS - 500; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                live.add(Fixture.key(i));
            }
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
            index.store().checkpoint(Objects.requireNonNull(index.store().rows().generation()));
            // Behind the checkpoint; some of it will not have been committed.
            for (int i = ROWS - 500; i < ROWS; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
                if (i < ROWS - 100) {
                    live.add(Fixture.key(i));
                }
                if (i == ROWS - 101) {
                    index.commit(new Lsn(300));
                    registry.advanceApplied(new Lsn(300));
                    registry.sync();
                }
            }
            Fixture.awaitLinked(index);
            copy(directory.resolve("first"), copy);
        }
        Path files = copy.resolve(shard.key().toString());
        switch (damage) {
            case "lists" -> flip(files.resolve("lists"), 30_000);
            case "blocks" -> flip(blocks(files), 5_000);
            case "missing" -> Files.delete(blocks(files));
            default -> {}
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(copy))) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(State.READY, index.state());
            boolean kept = damage.equals("killed");
            assertEquals(kept, index.status().freshRows() < 500, index.status().toString());
            gate(damage, index, Fixture.clustered(random, 50, DIMENSION, 40), live);
            for (int i = 0; i < 300; i++) {
                index.upsert(Fixture.key(20_000 + i), null, vectors[i]);
                live.add(Fixture.key(20_000 + i));
            }
            gate("more", index, Fixture.clustered(random, 50, DIMENSION, 40), live);
        }
    }

    private static Path blocks(Path files) throws IOException {
        try (Stream<Path> all = Files.list(files)) {
            return all.filter(file -> file.getFileName().toString().startsWith("blocks-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    private static void gate(String when, VectorIndex index, float[][] queries, List<RowKey> live)
            throws InterruptedException {
        Fixture.awaitLinked(index);
        assertNotNull(lists(index), when);
        assertEquals(live.size(), index.status().rows(), when);
        double recall = 0;
        for (float[] query : queries) {
            List<Neighbor> exact = index.reads().rank(query, K, live, Double.POSITIVE_INFINITY);
            List<Neighbor> found = Fixture.search(index, query, K, EF);
            assertEquals(K, found.size(), when);
            recall += Fixture.recall(exact, found) / queries.length;
        }
        System.out.printf("%s: recall %.4f%n", when, recall);
        assertTrue(recall >= RECALL_LEAST, "recall after " + when + " is " + recall);
    }

    private static void exact(VectorIndex index, float[] query, List<RowKey> live) {
        assertEquals(
                index.reads().rank(query, K, live, Double.POSITIVE_INFINITY),
                Fixture.search(index, query, K, EF));
    }

    private static @Nullable Lists lists(VectorIndex index) {
        Generation generation = index.store().rows().generation();
        return generation == null ? null : generation.lists();
    }
}
