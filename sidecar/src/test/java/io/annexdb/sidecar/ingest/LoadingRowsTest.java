package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A table of few keys is changed at random while its snapshot is copied in random order; the index
 * must end as the table. Half of the updates keep the vector and do not send it; some vectors
 * cannot be indexed, and those are counted.
 */
class LoadingRowsTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);
    private static final int ROUNDS = 1_000;
    private static final int KEYS = 12;

    private record Row(String namespace, float value) {}

    @TempDir Path directory;

    @Test
    void endsAsTheTable() {
        System.out.println("LoadingRowsTest seed " + SEED);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            for (int round = 0; round < ROUNDS; round++) {
                VectorIndex index = registry.openOrCreate(shard(round + 1));
                run(index, new Random(SEED + round), "seed " + (SEED + round));
                registry.drop(index.definition().key());
            }
        }
    }

    private static void run(VectorIndex index, Random random, String message) {
        Map<Integer, Row> table = new TreeMap<>();
        for (int key = 0; key < KEYS; key++) {
            if (random.nextInt(3) > 0) {
                table.put(key, new Row("n" + random.nextInt(3), value(random)));
            }
        }
        List<Map.Entry<Integer, Row>> snapshot =
                new ArrayList<>(
                        table.entrySet().stream()
                                .map(entry -> Map.entry(entry.getKey(), entry.getValue()))
                                .toList());
        Collections.shuffle(snapshot, random);
        if (random.nextBoolean()) {
            leaveDraft(index, table, random);
        }
        index.beginLoad(new Lsn(100), snapshot.size());
        LoadingRows rows = new LoadingRows(index);
        int steps = random.nextInt(40);
        for (int step = 0; step < steps || !snapshot.isEmpty(); step++) {
            if (step < steps && (snapshot.isEmpty() || random.nextInt(4) > 0)) {
                change(rows, table, random);
            } else {
                Map.Entry<Integer, Row> copied = snapshot.removeLast();
                rows.load(
                        key(copied.getKey()),
                        copied.getValue().namespace,
                        AttributeRow.NONE,
                        vector(copied.getValue().value));
            }
        }
        index.commit(new Lsn(200));
        index.finishLoad();
        assertEquals(expected(table), actual(index), message);
        long unusable = table.values().stream().filter(row -> Float.isNaN(row.value)).count();
        assertEquals(unusable, index.status().rowsSkipped(), message);
    }

    private static float value(Random random) {
        return random.nextInt(6) == 0 ? Float.NaN : random.nextFloat();
    }

    /** Rows of an earlier time: some are the table's, some have other vectors, some went. */
    private static void leaveDraft(VectorIndex index, Map<Integer, Row> table, Random random) {
        for (int key = 0; key < KEYS; key++) {
            Row now = table.get(key);
            Row then = new Row("n" + random.nextInt(3), value(random));
            switch (random.nextInt(4)) {
                case 0 -> then = now == null ? then : now;
                case 1 -> then = now == null ? then : new Row(then.namespace, now.value);
                case 2 -> then = table.getOrDefault((key + 1) % KEYS, then);
                default -> {}
            }
            if (random.nextInt(4) > 0) {
                index.upsert(key(key), then.namespace, AttributeRow.NONE, vector(then.value));
            }
        }
        index.commit(new Lsn(50));
        assertTrue(index.draftRows() > 0 || index.status().rows() == 0);
    }

    private static void change(LoadingRows rows, Map<Integer, Row> table, Random random) {
        int key = random.nextInt(KEYS);
        int other = random.nextInt(KEYS);
        Row row = table.get(key);
        String namespace = "n" + random.nextInt(3);
        float value = value(random);
        switch (random.nextInt(20)) {
            case 0 -> {
                table.clear();
                rows.truncate();
            }
            case 1, 2, 3, 4 -> {
                table.remove(key);
                rows.delete(key(key));
            }
            case 5, 6, 7, 8 -> {
                table.put(key, new Row(namespace, value));
                rows.upsert(key(key), namespace, AttributeRow.NONE, vector(value));
            }
            case 9, 10, 11 -> {
                if (row != null) {
                    table.put(key, new Row(namespace, row.value));
                    rows.updateKept(key(key), key(key), namespace, AttributeRow.NONE);
                }
            }
            default -> {
                if (row != null && !table.containsKey(other)) {
                    table.remove(key);
                    table.put(other, new Row(namespace, row.value));
                    rows.updateKept(key(key), key(other), namespace, AttributeRow.NONE);
                }
            }
        }
    }

    private static Map<String, String> expected(Map<Integer, Row> table) {
        Map<String, String> expected = new TreeMap<>();
        table.forEach((key, row) -> {
            if (!Float.isNaN(row.value)) {
                expected.put(key.toString(), row.namespace + " " + row.value);
            }
        });
        return expected;
    }

    private static Map<String, String> actual(VectorIndex index) {
        Map<String, String> actual = new TreeMap<>();
        for (int namespace = 0; namespace < 3; namespace++) {
            String name = "n" + namespace;
            for (Neighbor each :
                    index.reads()
                            .search(
                                    new float[] {0, 0},
                                    1_000,
                                    100,
                                    name,
                                    Double.POSITIVE_INFINITY,
                                    () -> false)) {
                actual.put(each.key().columns().getFirst(), name + " " + (float) each.distance());
            }
        }
        return actual;
    }

    /** Its distance from the origin is the value itself. */
    private static float[] vector(float value) {
        return new float[] {value, 0};
    }

    private static RowKey key(int key) {
        return RowKey.of(Integer.toString(key));
    }

    private static ShardDefinition shard(long id) {
        return new ShardDefinition(
                new IndexDefinition(
                        id,
                        "i" + id,
                        "public.t",
                        "v",
                        ElementType.FLOAT32,
                        Metric.L2,
                        Method.FLAT,
                        List.of("id"),
                        "n",
                        2,
                        new IndexOptions(16, 200, Quantization.AUTO)),
                16_400,
                "public.t");
    }
}
