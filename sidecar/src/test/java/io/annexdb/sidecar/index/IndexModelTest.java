package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.VectorHash;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/**
 * Random operations against a map that is scanned: whatever happened, the answers are the map's.
 * Exact methods and small shards only, so that nothing is left to recall.
 */
class IndexModelTest {
    private static final int DIMENSION = 5;
    private static final int KEYS = 60;

    @TempDir Path directory;

    @SuppressWarnings("ArrayRecordComponent") // nobody compares rows
    private record Row(@Nullable String namespace, float[] vector) {}

    @ParameterizedTest(name = "{0} {1} {2} seed {3}")
    @CsvSource({
        "COSINE, FLOAT32, FLAT, 1", "L2, FLOAT32, FLAT, 2",
        "INNER_PRODUCT, FLOAT32, FLAT, 3", "L1, FLOAT32, FLAT, 4",
        "COSINE, FLOAT32, HNSW, 5", "L2, FLOAT32, AUTO, 6",
        "INNER_PRODUCT, FLOAT32, HNSW, 7", "L1, FLOAT32, AUTO, 8",
        "COSINE, FLOAT16, FLAT, 9", "L2, FLOAT16, HNSW, 10",
        "INNER_PRODUCT, FLOAT16, HNSW, 11", "L1, FLOAT16, FLAT, 12",
        "HAMMING, BIT, FLAT, 13", "HAMMING, BIT, AUTO, 14",
        "JACCARD, BIT, AUTO, 15", "JACCARD, BIT, FLAT, 16"
    })
    void answersAreTheMaps(Metric metric, ElementType elements, Method method, long seed) {
        Random random = new Random(seed);
        ShardDefinition shard =
                Fixture.shard(
                        metric,
                        elements,
                        method,
                        Quantization.AUTO,
                        random.nextBoolean() ? DIMENSION : 0);
        IndexSettings settings = IndexSettings.of(directory);
        Map<RowKey, Row> model = new HashMap<>();
        Set<RowKey> skipped = new HashSet<>();
        IndexRegistry registry = IndexRegistry.open(settings);
        VectorIndex index = registry.openOrCreate(shard);
        load(random, index, model);
        for (long step = 1; step <= 3_000; step++) {
            change(random, index, model, skipped);
            if (random.nextInt(10) == 0) {
                index.commit(new Lsn(1_000 + step));
                registry.advanceApplied(new Lsn(1_000 + step));
            }
            if (random.nextInt(20) == 0) {
                compare(random, metric, index, model);
                assertEquals(skipped.size(), index.status().rowsSkipped());
            }
            if (random.nextInt(400) == 0) {
                index.commit(new Lsn(1_000 + step));
                registry.advanceApplied(new Lsn(1_000 + step));
                registry.close();
                registry = IndexRegistry.open(settings);
                assertEquals(new Lsn(1_000 + step), registry.durableLsn());
                index = registry.openOrCreate(shard);
                skipped.clear(); // as the index has forgotten them
                assertEquals(State.READY, index.state());
                assertEquals(new Lsn(1_000 + step), index.lsn());
                compare(random, metric, index, model);
            }
        }
        registry.close();
    }

    /** The first copy delivers a snapshot while the stream changes the same rows. */
    private static void load(Random random, VectorIndex index, Map<RowKey, Row> model) {
        index.upsert(
                Fixture.key(KEYS + 1), null, vector(random, index.definition().index().elements()));
        index.beginLoad(new Lsn(500), KEYS);
        Map<RowKey, Row> snapshot = new HashMap<>();
        for (int i = 0; i < KEYS; i += 1 + random.nextInt(3)) {
            snapshot.put(
                    Fixture.key(i),
                    new Row(
                            namespace(random),
                            vector(random, index.definition().index().elements())));
        }
        Set<RowKey> touched = new HashSet<>();
        List<RowKey> order = new ArrayList<>(snapshot.keySet());
        for (RowKey key : order) {
            Row row = Objects.requireNonNull(snapshot.get(key));
            if (random.nextInt(3) == 0) {
                RowKey other = order.get(random.nextInt(order.size()));
                touched.add(other);
                if (random.nextBoolean()) {
                    Row newer =
                            new Row(
                                    namespace(random),
                                    vector(random, index.definition().index().elements()));
                    index.upsert(other, newer.namespace(), newer.vector());
                    model.put(other, newer);
                } else {
                    index.delete(other);
                    model.remove(other);
                }
            }
            index.load(key, row.namespace(), row.vector());
            if (!touched.contains(key)) {
                model.put(key, row);
            }
        }
        index.finishLoad();
        assertEquals(State.READY, index.state());
    }

    private static void change(
            Random random, VectorIndex index, Map<RowKey, Row> model, Set<RowKey> skipped) {
        RowKey key = Fixture.key(random.nextInt(KEYS));
        int what = random.nextInt(100);
        if (what < 50) {
            Row row =
                    new Row(
                            namespace(random),
                            vector(random, index.definition().index().elements()));
            index.upsert(key, row.namespace(), row.vector());
            model.put(key, row);
            skipped.remove(key);
        } else if (what < 70) {
            index.delete(key);
            model.remove(key);
            skipped.remove(key);
        } else if (what < 90) {
            RowKey target = random.nextBoolean() ? key : Fixture.key(random.nextInt(KEYS));
            String namespace = namespace(random);
            Row row = model.remove(key);
            boolean isSkipped = skipped.remove(key);
            assertEquals(row != null || isSkipped, index.updateKept(key, target, namespace));
            skipped.remove(target);
            if (row != null) {
                model.put(target, new Row(namespace, row.vector()));
            } else if (isSkipped) {
                model.remove(target);
                skipped.add(target);
            }
        } else if (what < 99) {
            index.upsert(key, null, new float[] {1, Float.NaN, 0, 0, 0});
            model.remove(key);
            skipped.add(key);
        } else {
            index.truncate();
            model.clear();
            skipped.clear();
        }
    }

    private static void compare(
            Random random, Metric metric, VectorIndex index, Map<RowKey, Row> model) {
        assertEquals(model.size(), index.status().rows());
        ElementType elements = index.definition().index().elements();
        float[] query = vector(random, elements);
        int k = 1 + random.nextInt(KEYS);
        String namespace = namespace(random);
        double maxDistance =
                random.nextBoolean() ? Double.POSITIVE_INFINITY : random.nextDouble() * 2;
        List<Neighbor> expected =
                model.entrySet().stream()
                        .filter(entry ->
                                namespace == null || namespace.equals(entry.getValue().namespace()))
                        .map(entry ->
                                new Neighbor(
                                        entry.getKey(),
                                        Fixture.distance(metric, query, entry.getValue().vector()),
                                        VectorHash.of(elements, entry.getValue().vector())))
                        .filter(neighbor -> neighbor.distance() <= maxDistance)
                        .sorted(Neighbor.ORDER)
                        .limit(k)
                        .toList();
        assertEquals(
                expected, index.reads().search(query, k, 10, namespace, maxDistance, () -> false));
        if (namespace == null) {
            List<RowKey> all = new ArrayList<>(model.keySet());
            all.add(RowKey.of("unknown"));
            assertEquals(expected, index.reads().rank(query, k, all, maxDistance));
        }
        assertTrue(index.status().tombstones() >= 0);
    }

    /** Few different values, so that there are copies and ties. */
    private static float[] vector(Random random, ElementType elements) {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = random.nextInt(4) - 1.5f;
        }
        return Fixture.stored(elements, vector);
    }

    private static @Nullable String namespace(Random random) {
        int which = random.nextInt(4);
        return which == 0 ? null : "n" + which;
    }
}
