package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.ListOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.VectorStorage;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/**
 * Shards of every kind of file, with rows that come, change, move and go, and what they held after
 * each transaction: the judge of {@link CorruptionTest}.
 */
final class CorruptedShards implements AutoCloseable {
    private static final int DIMENSION = 16;
    private static final int TRANSACTIONS = 30;
    private static final int ROWS = 20;

    private static final List<IncludedColumn> INCLUDE =
            List.of(
                    new IncludedColumn("price", AttributeType.BIGINT, false, -1, 4),
                    new IncludedColumn("label", AttributeType.TEXT, true, -1, 5));

    @SuppressWarnings("ArrayRecordComponent") // compared by its elements, below
    record Row(@Nullable String namespace, AttributeRow attributes, float[] vector) {}

    /** One shard and its history. */
    static final class Shard {
        private final ShardDefinition definition;
        private final TreeMap<Lsn, Map<RowKey, Row>> history = new TreeMap<>();
        private Map<RowKey, Row> rows = new HashMap<>();

        Shard(ShardDefinition definition) {
            this.definition = definition;
        }

        ShardDefinition definition() {
            return definition;
        }

        private Map<RowKey, Row> at(Lsn lsn) {
            return Objects.requireNonNull(history.floorEntry(lsn)).getValue();
        }

        /** Asserts that the index holds what the shard did at the position that it states. */
        void assertHistory(VectorIndex index) {
            assertRows(at(index.lsn()), index);
        }

        void assertNewest(VectorIndex index) {
            assertRows(rows, index);
        }

        float[] anyVector(Random random) {
            return Fixture.gaussian(random, DIMENSION, 1f);
        }

        Map.Entry<RowKey, Row> anyRow(VectorIndex index, Random random) {
            List<Map.Entry<RowKey, Row>> all = List.copyOf(at(index.lsn()).entrySet());
            return all.get(random.nextInt(all.size()));
        }

        Row row(VectorIndex index, RowKey key) {
            return known(at(index.lsn()), key);
        }

        private static Row known(Map<RowKey, Row> rows, RowKey key) {
            return Objects.requireNonNull(rows.get(key), () -> key + " is no row of the table");
        }

        /** Fills the index from the table, as a backfill does. */
        void fill(VectorIndex index) {
            Lsn newest = history.lastKey();
            index.beginLoad(newest, rows.size());
            rows.forEach(
                    (key, row) -> index.load(key, row.namespace(), row.attributes(), row.vector()));
            index.finishLoad();
        }

        private static void assertRows(Map<RowKey, Row> expected, VectorIndex index) {
            assertEquals(expected.size(), index.status().rows());
            Segment segment = Objects.requireNonNull(index.store().rows().generation()).segment;
            int live = 0;
            for (int slot = 0; slot < segment.slots(); slot++) {
                if (!segment.isDead(slot)) {
                    Row row = known(expected, segment.key(slot));
                    assertEquals(row.namespace(), segment.namespaceName(slot));
                    assertTrue(
                            segment.attributes(slot).isSame(row.attributes()), "included columns");
                    assertArrayEquals(row.vector(), segment.vectors().get(slot));
                    assertEquals(slot, segment.find(segment.key(slot)), "found by its key");
                    live++;
                }
            }
            assertEquals(expected.size(), live);
        }
    }

    private final Path directory;
    private final IndexRegistry registry;
    private final List<Shard> shards = new ArrayList<>();
    private final Random random = new Random(11);
    private final float[][] pool = Fixture.clustered(random, 4_000, DIMENSION, 12);
    private int transaction;
    private boolean closed;

    private CorruptedShards(Path directory) {
        this.directory = directory;
        registry = IndexRegistry.open(IndexSettings.of(directory).withCheckpointRows(300));
    }

    static CorruptedShards write(Path directory) {
        CorruptedShards all = new CorruptedShards(directory);
        all.add(16_402, Method.HNSW, Quantization.SQ8, ListOptions.DEFAULT);
        all.add(16_403, Method.HNSW, Quantization.NONE, ListOptions.DEFAULT);
        all.add(16_404, Method.IVFPQ, Quantization.NONE, new ListOptions(8, 8, 8));
        all.add(16_405, Method.FLAT, Quantization.RABITQ, ListOptions.DEFAULT);
        return all;
    }

    private void add(long oid, Method method, Quantization codes, ListOptions lists) {
        IndexOptions options =
                new IndexOptions(
                        method == Method.IVFPQ ? 8 : 12, 60, codes, VectorStorage.MEMORY, lists);
        Shard shard =
                new Shard(
                        new ShardDefinition(
                                new IndexDefinition(
                                        7,
                                        "docs_embedding",
                                        "public.docs",
                                        "embedding",
                                        ElementType.FLOAT32,
                                        Metric.L2,
                                        method,
                                        List.of("id"),
                                        "tenant",
                                        DIMENSION,
                                        options,
                                        INCLUDE),
                                oid,
                                "public.docs_" + oid));
        shards.add(shard);
        VectorIndex index = registry.openOrCreate(shard.definition());
        index.beginLoad(CorruptionTest.lsn(0), 0);
        index.finishLoad();
        shard.history.put(CorruptionTest.lsn(0), Map.of());
    }

    List<Shard> all() {
        return shards;
    }

    Lsn newest() {
        return CorruptionTest.lsn(transaction);
    }

    /** Transactions over all shards; what they leave is on disk afterwards. */
    void grow(int state) throws InterruptedException {
        for (int i = 0; i < TRANSACTIONS; i++) {
            transaction++;
            for (Shard shard : shards) {
                VectorIndex index = registry.openOrCreate(shard.definition());
                shard.rows = new HashMap<>(shard.rows);
                for (int change = 0; change < ROWS; change++) {
                    change(shard, index, state);
                }
                index.commit(newest());
                shard.history.put(newest(), shard.rows);
            }
            registry.advanceApplied(newest());
        }
        registry.sync();
        for (Shard shard : shards) {
            Fixture.awaitLinked(registry.openOrCreate(shard.definition()));
        }
    }

    private void change(Shard shard, VectorIndex index, int state) {
        RowKey key = Fixture.key(random.nextInt(1_500));
        Row old = shard.rows.get(key);
        switch (old == null || state == 0 ? 0 : random.nextInt(4)) {
            case 1 -> {
                index.delete(key);
                shard.rows.remove(key);
            }
            case 2 -> {
                Row before = Objects.requireNonNull(old);
                RowKey other = Fixture.key(2_000 + random.nextInt(500));
                Row moved = new Row("moved", attributes(), before.vector());
                index.updateKept(key, other, moved.namespace(), moved.attributes());
                shard.rows.remove(key);
                shard.rows.put(other, moved);
            }
            default -> {
                Row row =
                        new Row(
                                random.nextBoolean() ? null : "n" + random.nextInt(4),
                                attributes(),
                                pool[random.nextInt(pool.length)]);
                index.upsert(key, row.namespace(), row.attributes(), row.vector());
                shard.rows.put(key, row);
            }
        }
    }

    private AttributeRow attributes() {
        AttributeRow.Builder row = new AttributeRow.Builder(2).number(0, random.nextLong());
        return random.nextInt(5) == 0
                ? row.absent(1, AttributeRow.State.NULL).build()
                : row.value(1, ("l" + random.nextInt(50)).getBytes(StandardCharsets.UTF_8)).build();
    }

    /** Stops the sidecar, and gives its files. */
    Map<String, byte[]> closeAndRead() throws java.io.IOException {
        close();
        return CorruptionTest.read(directory);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            registry.close();
        }
    }
}
