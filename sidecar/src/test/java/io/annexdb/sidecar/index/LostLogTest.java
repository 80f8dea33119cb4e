package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.ShardDefinition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/**
 * An fsync of a log fails. The next one may succeed and mean nothing, so nothing is acknowledged
 * before all rows are in another log.
 */
class LostLogTest {
    private static final ShardDefinition SHARD = Fixture.shard(Metric.L2, Method.HNSW, 4);

    @TempDir Path directory;

    @Test
    void rowsGoToAnotherLogBeforeAnythingIsAcknowledged() throws Exception {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            write(registry, index, 1);
            assertEquals(new Lsn(201), registry.sync());
            lose(index);
            write(registry, index, 2);
            assertThrows(AnnexException.class, registry::sync);
            assertEquals(new Lsn(201), registry.durableLsn(), "not acknowledged");
            assertEquals(2, Fixture.search(index, new float[4], 5, 5).size(), "serves on");
            awaitDurable(registry, new Lsn(202));
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(SHARD);
            assertEquals(State.READY, index.state());
            assertEquals(2, index.status().rows());
        }
    }

    @Test
    void anEmptyIndexGetsAnotherLogAtOnce() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            registry.sync();
            lose(index);
            index.commit(new Lsn(300));
            registry.advanceApplied(new Lsn(300));
            assertThrows(AnnexException.class, registry::sync);
            assertEquals(new Lsn(300), registry.sync());
            write(registry, index, 5);
            registry.sync();
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            assertEquals(1, registry.openOrCreate(SHARD).status().rows());
        }
    }

    /** Rows have been skipped for the dimension of those that are gone, so that it has to stay. */
    @Test
    void anIndexOfTombstonesGetsAnotherLog() throws Exception {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(Metric.L2, Method.HNSW, 0));
            write(registry, index, 1);
            index.upsert(Fixture.key(2), null, new float[] {1, 2});
            index.delete(Fixture.key(1));
            lose(index);
            index.commit(new Lsn(300));
            registry.advanceApplied(new Lsn(300));
            assertThrows(AnnexException.class, registry::sync);
            awaitDurable(registry, new Lsn(300));
            assertEquals(4, index.status().dimension());
        }
    }

    private static void awaitDurable(IndexRegistry registry, Lsn lsn) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!registry.durableLsn().equals(lsn)) {
            assertTrue(System.nanoTime() < deadline, "not durable again");
            Thread.sleep(20);
            try {
                registry.sync();
            } catch (AnnexException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("fsync"), e.getMessage());
            }
        }
    }

    private static void write(IndexRegistry registry, VectorIndex index, int i) {
        index.upsert(Fixture.key(i), null, new float[] {i, 0, 0, 1});
        index.commit(new Lsn(200 + i));
        registry.advanceApplied(new Lsn(200 + i));
    }

    /** The log's next fsync fails, as that of a disk which is going does. */
    private static void lose(VectorIndex index) {
        index.store().failNextForce();
    }
}
