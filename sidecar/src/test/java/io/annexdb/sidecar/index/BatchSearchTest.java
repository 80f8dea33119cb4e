package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** A batch's answers are those of its queries alone; scans are judged by a naive one as well. */
class BatchSearchTest {
    private static final long SEED = System.nanoTime();
    private static final int ROWS = 3_000;
    private static final double NO_LIMIT = Double.POSITIVE_INFINITY;

    private final Random random = new Random(SEED);

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({
        "FLAT, L2, 24",
        "FLAT, COSINE, 200",
        "FLAT, HAMMING, 64",
        "HNSW, L2, 24",
        "HNSW, INNER_PRODUCT, 24",
        "HNSW, COSINE, 300"
    })
    void asEachQueryAlone(Method method, Metric metric, int dimension) throws Exception {
        System.out.println("seed " + SEED);
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory).withNamespaceScanMax(200))) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(metric, method, dimension));
            float[][] rows = vectors(index, ROWS, dimension);
            for (int i = 0; i < ROWS; i++) {
                index.upsert(Fixture.key(i), "tenant " + i % 2 * (i % 40), rows[i]);
            }
            index.delete(Fixture.key(7));
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
            List<float[]> queries = List.of(vectors(index, 21, dimension));
            for (int k : new int[] {1, 10, 400}) {
                for (@Nullable String namespace : Arrays.asList(null, "tenant 0", "tenant 9", "")) {
                    assertAsAlone(index, queries, k, namespace, NO_LIMIT);
                }
                assertAsAlone(index, queries, k, null, 1.0);
            }
            if (method == Method.FLAT) {
                List<Neighbor> first =
                        index.reads()
                                .searchAll(queries, 10, 100, null, null, NO_LIMIT, () -> false)
                                .getFirst();
                double[] exact =
                        IntStream.range(0, ROWS)
                                .filter(i -> i != 7)
                                .mapToDouble(
                                        i -> Fixture.distance(metric, queries.getFirst(), rows[i]))
                                .sorted()
                                .limit(10)
                                .toArray();
                for (int i = 0; i < 10; i++) {
                    assertEquals(exact[i], first.get(i).distance(), 1e-6, "seed " + SEED);
                }
            }
            List<RowKey> keys = random.ints(300, 0, ROWS + 50).mapToObj(Fixture::key).toList();
            List<List<Neighbor>> ranked =
                    index.reads().rankAll(queries, 20, keys, NO_LIMIT, () -> false);
            for (int i = 0; i < queries.size(); i++) {
                assertEquals(index.reads().rank(queries.get(i), 20, keys, NO_LIMIT), ranked.get(i));
            }
        }
    }

    /** One query leaves the range of float32, and its neighbours do not change for that. */
    @Test
    void anExtremeQueryAmongOthers() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(Metric.L2, Method.FLAT, 16));
            for (float[] row : vectors(index, 500, 16)) {
                index.upsert(Fixture.key(random.nextInt()), "", row);
            }
            index.commit(new Lsn(200));
            List<float[]> queries = new ArrayList<>(List.of(vectors(index, 4, 16)));
            queries.get(2)[3] = 1e30f;
            assertAsAlone(index, queries, 10, null, NO_LIMIT);
        }
    }

    @Test
    void aCancelledBatchEnds() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(Metric.L2, Method.FLAT, 16));
            for (int i = 0; i < ROWS; i++) {
                index.upsert(Fixture.key(i), "", vectors(index, 1, 16)[0]);
            }
            index.commit(new Lsn(200));
            List<float[]> queries = List.of(vectors(index, 16, 16));
            AtomicInteger asked = new AtomicInteger();
            AnnexException error =
                    assertThrows(
                            AnnexException.class,
                            () ->
                                    index.reads()
                                            .searchAll(
                                                    queries,
                                                    10,
                                                    100,
                                                    null,
                                                    null,
                                                    NO_LIMIT,
                                                    () -> asked.incrementAndGet() > 3));
            assertEquals(ErrorCode.QUERY_CANCELED, error.code());
            assertEquals(4, asked.get());
        }
    }

    @Test
    void oneWrongQuerySpoilsTheBatch() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.COSINE, Method.FLAT, 2));
            index.upsert(Fixture.key(1), "", new float[] {1, 2});
            index.commit(new Lsn(200));
            refused(index, ErrorCode.DIMENSION_MISMATCH, new float[] {1});
            refused(index, ErrorCode.INVALID_VECTOR, new float[] {1, Float.NaN});
            refused(index, ErrorCode.INVALID_VECTOR, new float[2]);
        }
    }

    private static void refused(VectorIndex index, ErrorCode code, float[] wrong) {
        AnnexException error =
                assertThrows(
                        AnnexException.class,
                        () ->
                                index.reads()
                                        .searchAll(
                                                List.of(new float[] {1, 1}, wrong),
                                                1,
                                                10,
                                                null,
                                                null,
                                                NO_LIMIT,
                                                () -> false));
        assertEquals(code, error.code());
    }

    private void assertAsAlone(
            VectorIndex index,
            List<float[]> queries,
            int k,
            @Nullable String namespace,
            double maxDistance) {
        List<List<Neighbor>> together =
                index.reads().searchAll(queries, k, 64, namespace, null, maxDistance, () -> false);
        assertEquals(queries.size(), together.size());
        for (int i = 0; i < queries.size(); i++) {
            assertEquals(
                    index.reads()
                            .search(queries.get(i), k, 64, namespace, maxDistance, () -> false),
                    together.get(i),
                    "query " + i + ", k " + k + ", namespace " + namespace + ", seed " + SEED);
        }
    }

    private float[][] vectors(VectorIndex index, int count, int dimension) {
        ElementType elements = index.definition().index().elements();
        float[][] vectors = Fixture.embedded(random, count, dimension, 12);
        for (int i = 0; i < count; i++) {
            vectors[i] = Fixture.stored(elements, vectors[i]);
        }
        return vectors;
    }
}
