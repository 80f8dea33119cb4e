package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.filter.ParseFilter;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IncludedColumn;
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
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Filters inside one shard: exact where they are scanned, with recall where the graph finds them.
 */
class FilteredSearchTest {
    private static final long SEED = System.nanoTime();
    private static final int DIMENSION = 16;
    private static final List<IncludedColumn> INCLUDED =
            List.of(
                    IncludedColumn.of("a", "int4", 1),
                    IncludedColumn.of("b", "int4", 2),
                    IncludedColumn.of("t", "text", 3));

    @TempDir Path directory;

    private static ShardDefinition shard(Method method) {
        return including(Fixture.shard(Metric.L2, method, DIMENSION).index());
    }

    private static ShardDefinition including(IndexDefinition plain) {
        return new ShardDefinition(
                new IndexDefinition(
                        plain.id(),
                        plain.name(),
                        plain.table(),
                        plain.column(),
                        plain.elements(),
                        plain.metric(),
                        plain.method(),
                        plain.keyColumns(),
                        plain.namespaceColumn(),
                        plain.dimension(),
                        plain.options(),
                        INCLUDED),
                16402,
                "public.docs");
    }

    private static AttributeRow row(int a, int b, String t) {
        return new AttributeRow.Builder(3)
                .number(0, a)
                .number(1, b)
                .value(2, t.getBytes(StandardCharsets.UTF_8))
                .build();
    }

    private static Filter filter(String text) {
        return ParseFilter.parse(text, INCLUDED, Set.of("a", "b", "t"), true);
    }

    private static List<Neighbor> search(
            VectorIndex index, float[] query, int k, @Nullable String namespace, String filter) {
        return index.reads()
                .search(
                        query,
                        k,
                        100,
                        namespace,
                        filter(filter),
                        Double.POSITIVE_INFINITY,
                        () -> false);
    }

    private static List<RowKey> keys(List<Neighbor> neighbors) {
        return neighbors.stream().map(Neighbor::key).toList();
    }

    private static List<RowKey> exact(
            float[][] vectors, float[] query, int k, java.util.function.IntPredicate matches) {
        List<Neighbor> all = new ArrayList<>();
        for (int i = 0; i < vectors.length; i++) {
            if (matches.test(i)) {
                all.add(
                        new Neighbor(
                                Fixture.key(i), Fixture.distance(Metric.L2, vectors[i], query), 0));
            }
        }
        all.sort(Neighbor.ORDER);
        return keys(all.subList(0, Math.min(k, all.size())));
    }

    @Test
    void graphAndScanFindWhatMatches() throws InterruptedException {
        Random random = new Random(SEED);
        System.out.println("seed " + SEED);
        float[][] vectors = Fixture.clustered(random, 8_000, DIMENSION, 30);
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory.resolve("graph")))) {
            VectorIndex index = Fixture.ready(registry, shard(Method.HNSW));
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(
                        Fixture.key(i), "n" + i % 2, row(i % 1000, i % 3, "t" + i % 7), vectors[i]);
            }
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
            int found = 0;
            int wanted = 0;
            for (int i = 0; i < 50; i++) {
                float[] query = vectors[random.nextInt(vectors.length)].clone();
                query[0] += 0.1f;
                List<RowKey> expected = exact(vectors, query, 10, slot -> slot % 1000 < 900);
                List<RowKey> answer = keys(search(index, query, 10, null, "a < 900"));
                assertEquals(10, answer.size());
                wanted += 10;
                found += (int) expected.stream().filter(answer::contains).count();
                assertEquals(
                        exact(vectors, query, 10, slot -> slot % 1000 < 10 && slot % 3 == 1),
                        keys(search(index, query, 10, null, "a < 10 and b = 1")));
                assertEquals(
                        exact(vectors, query, 10, slot -> slot % 1000 == 7),
                        keys(search(index, query, 10, null, "a = 7")));
                assertEquals(
                        exact(vectors, query, 10, slot -> slot % 2 == 1 && slot % 7 == 3),
                        keys(search(index, query, 10, "n1", "t = 't3'")));
                assertEquals(List.of(), keys(search(index, query, 10, "nobody", "a is not null")));
            }
            assertTrue(found >= 0.97 * wanted, found + " of " + wanted + " found, seed " + SEED);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Method.class,
            names = {"HNSW", "FLAT"})
    void codesFindWhatMatches(Method method) throws InterruptedException {
        Random random = new Random(SEED);
        System.out.println("seed " + SEED);
        int dimension = 256;
        float[][] vectors = Fixture.embedded(random, 6_000, dimension, 16);
        IndexDefinition plain =
                Fixture.shard(
                                Metric.L2,
                                ElementType.FLOAT32,
                                method,
                                Quantization.RABITQ,
                                dimension)
                        .index();
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory.resolve("codes")))) {
            VectorIndex index = Fixture.ready(registry, including(plain));
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(
                        Fixture.key(i), "n" + i % 2, row(i % 1000, i % 3, "t" + i % 7), vectors[i]);
            }
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
            int[] shares = {30, 100, 300, 600, 950};
            int[] found = new int[shares.length];
            for (int i = 0; i < 50; i++) {
                float[] query = vectors[random.nextInt(vectors.length)].clone();
                query[0] += 0.1f;
                for (int share = 0; share < shares.length; share++) {
                    int limit = shares[share];
                    List<RowKey> answer =
                            keys(search(index, query, 10, "n1", "a < " + limit + " or b = 4"));
                    assertEquals(10, answer.size());
                    List<RowKey> expected =
                            exact(vectors, query, 10, slot -> slot % 1000 < limit && slot % 2 == 1);
                    found[share] += (int) expected.stream().filter(answer::contains).count();
                }
            }
            for (int share = 0; share < shares.length; share++) {
                assertTrue(
                        found[share] >= 0.97 * 500,
                        found[share] + " of 500 found, a < " + shares[share] + ", seed " + SEED);
            }
        }
    }

    @Test
    void compactionAndRestartKeepThem() throws InterruptedException {
        Random random = new Random(SEED);
        float[][] vectors = Fixture.clustered(random, 4_000, DIMENSION, 10);
        float[] query = vectors[0];
        IndexSettings settings = IndexSettings.of(directory.resolve("compacted"));
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard(Method.HNSW));
            for (int version = 0; version < 2; version++) {
                for (int i = 0; i < vectors.length; i++) {
                    float[] vector = vectors[i].clone();
                    vector[1] += 1 - version;
                    index.upsert(Fixture.key(i), null, row(i, i % 5, "t" + i % 9), vector);
                }
                index.commit(new Lsn(200 + version));
            }
            for (int i = 0; i < vectors.length; i += 2) {
                index.delete(Fixture.key(i));
            }
            AttributeRow changed =
                    new AttributeRow.Builder(3)
                            .number(0, -1)
                            .number(1, -1)
                            .absent(2, AttributeRow.State.UNCHANGED)
                            .build();
            index.updateKept(Fixture.key(1), Fixture.key(1), null, changed);
            index.commit(new Lsn(300));
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (index.status().tombstones() >= index.status().rows()) {
                assertTrue(System.nanoTime() < deadline, () -> index.status().toString());
                Thread.sleep(10);
            }
            judge(index, vectors, query);
            registry.sync();
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard(Method.HNSW));
            assertEquals(State.READY, index.state());
            judge(index, vectors, query);
        }
    }

    private static void judge(VectorIndex index, float[][] vectors, float[] query) {
        assertEquals(
                exact(vectors, query, 20, slot -> slot % 2 == 1 && slot != 1 && slot % 5 == 3),
                keys(search(index, query, 20, null, "b = 3")));
        assertEquals(
                List.of(Fixture.key(1)),
                keys(search(index, query, 20, null, "a < 0 and b < 0 and t = 't1'")));
        assertEquals(List.of(), keys(search(index, query, 20, null, "t is null")));
    }

    /** A row never matches with one column of its old version and another of its new one. */
    @Test
    void updatesAreSeenWhole() throws InterruptedException {
        float[] vector = new float[DIMENSION];
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory.resolve("whole")))) {
            VectorIndex index = Fixture.ready(registry, shard(Method.FLAT));
            for (int i = 0; i < 1_000; i++) {
                vector[0] = i;
                index.upsert(Fixture.key(i), null, row(1, 1, "t1"), vector);
            }
            AtomicBoolean stop = new AtomicBoolean();
            Thread writer =
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int i = 0; !stop.get(); i++) {
                                    int version = i / 1_000 % 2;
                                    RowKey key = Fixture.key(i % 1_000);
                                    index.updateKept(
                                            key, key, null, row(version, version, "t" + version));
                                }
                            });
            int both = 0;
            long end = System.nanoTime() + 1_500_000_000L;
            while (System.nanoTime() < end) {
                assertEquals(
                        List.of(),
                        search(
                                index,
                                vector,
                                5,
                                null,
                                "(a = 0 and (b = 1 or t = 't1')) or (a = 1 and (b = 0 or t ="
                                        + " 't0'))"));
                both += search(index, vector, 1_000, null, "a = 0 and b = 0").size() % 1_000;
            }
            stop.set(true);
            writer.join();
            assertTrue(both > 0, "the writer changed rows while the searches ran");
        }
    }
}
