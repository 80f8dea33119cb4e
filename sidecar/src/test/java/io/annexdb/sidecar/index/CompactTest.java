package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.hnsw.GraphCheck;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.LogWriter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/** Compaction runs beside writes, loses none of them, and gives the memory and the disk back. */
class CompactTest {
    private static final int DIMENSION = 12;
    private static final int KEYS = 2_500;

    @TempDir Path directory;

    @Test
    void churnDoesNotGrowAndNothingIsLost() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.HNSW, DIMENSION);
        IndexSettings settings = IndexSettings.of(directory).withLinkerThreads(2);
        Map<RowKey, float[]> model = new HashMap<>();
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard);
            Generation first = null;
            for (int step = 1; step <= 40_000; step++) {
                change(random, index, model);
                if (step % 50 == 0) {
                    index.commit(new Lsn(1_000 + step));
                    registry.advanceApplied(new Lsn(1_000 + step));
                }
                if (step % 1_000 == 0) {
                    compare(random, index, model);
                }
                first = first == null ? index.store().rows().generation() : first;
            }
            index.commit(new Lsn(100_000));
            registry.advanceApplied(new Lsn(100_000));
            registry.sync();
            await(index);
            assertTrue(first != index.store().rows().generation(), "was compacted");
            Fixture.awaitLinked(index);
            compare(random, index, model);
            Generation last = Objects.requireNonNull(index.store().rows().generation());
            GraphCheck.Report report = GraphCheck.check(last.graph, last.linking.linked());
            assertEquals(0, report.badLinks());
            assertTrue(report.unreachable() <= 3, report.toString());
            // 40,000 changes of some 130 bytes; the rows are a tenth of that.
            assertTrue(index.status().fileBytes() < 2_500_000, index.status().toString());
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(State.READY, index.state());
            assertEquals(new Lsn(100_000), index.lsn());
            compare(random, index, model);
        }
    }

    /**
     * The copy has seen no row, and one comes and goes before the copy takes its place: their
     * dimension stays, for others have been skipped for it.
     */
    @Test
    void theDimensionOutlastsTheLastRow() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.HNSW, 0);
        IndexSettings settings = IndexSettings.of(directory);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard);
            index.upsert(Fixture.key(1), null, new float[] {1, 1, 1});
            index.upsert(Fixture.key(2), null, new float[] {1, 1, 1, 1});
            index.delete(Fixture.key(1));
            ShardStore store = index.store();
            Generation old = Objects.requireNonNull(store.rows().generation());
            Set<RowKey> changed = Objects.requireNonNull(store.startJournal(old));
            Rows copy = new Rows(shard.index(), new MemoryBudget(1 << 30), store.directory());
            LogWriter log = store.nextLog();
            index.upsert(Fixture.key(3), null, new float[] {3, 3, 3});
            index.delete(Fixture.key(3));
            assertTrue(store.adopt(old, changed, log, copy) >= 0, "the copy took its place");
            assertEquals(3, index.status().dimension());
            assertEquals(1, index.status().tombstones());
            index.commit(new Lsn(2_000));
            registry.advanceApplied(new Lsn(2_000));
            registry.sync();
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            assertEquals(3, index.status().dimension());
            index.upsert(Fixture.key(4), null, new float[] {4, 4, 4, 4});
            assertEquals(State.LOADING, index.state(), "row 2 is to come as well");
        }
    }

    private static void change(Random random, VectorIndex index, Map<RowKey, float[]> model) {
        RowKey key = Fixture.key(random.nextInt(KEYS));
        int what = random.nextInt(10);
        if (what < 7) {
            float[] vector = Fixture.gaussian(random, DIMENSION, 1f);
            index.upsert(key, "n" + random.nextInt(3), vector);
            model.put(key, vector);
        } else if (what < 9) {
            index.delete(key);
            model.remove(key);
        } else {
            RowKey target = Fixture.key(random.nextInt(KEYS));
            float[] vector = model.remove(key);
            assertEquals(vector != null, index.updateKept(key, target, "n" + random.nextInt(3)));
            if (vector != null) {
                model.put(target, vector);
            }
        }
    }

    private static void compare(Random random, VectorIndex index, Map<RowKey, float[]> model) {
        assertEquals(model.size(), index.status().rows());
        float[] query = Fixture.gaussian(random, DIMENSION, 1f);
        List<Neighbor> all = index.reads().rank(query, KEYS, new ArrayList<>(model.keySet()), 1e9);
        assertEquals(model.size(), all.size());
        for (Neighbor neighbor : all) {
            float[] vector = Objects.requireNonNull(model.get(neighbor.key()));
            assertEquals(Fixture.distance(Metric.L2, query, vector), neighbor.distance());
        }
        // ef beyond the number of rows is an exact scan.
        assertEquals(all.subList(0, 20), Fixture.search(index, query, 20, KEYS));
        int members = 0;
        for (int i = 0; i < 3; i++) {
            members += Fixture.search(index, query, KEYS, 10, "n" + i).size();
        }
        assertEquals(model.size(), members);
    }

    private static void await(VectorIndex index) throws InterruptedException {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (index.status().tombstones() > index.status().rows()) {
            assertTrue(System.nanoTime() < deadline, index.status().toString());
            Thread.sleep(10);
        }
    }
}
