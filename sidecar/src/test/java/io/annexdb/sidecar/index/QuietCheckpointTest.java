package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.hnsw.GraphFile;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.ShardDefinition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Few rows more are no checkpoint's worth while others may follow; when none does, they are. */
class QuietCheckpointTest {
    private static final int DIMENSION = 8;
    private static final ShardDefinition SHARD = Fixture.shard(Metric.L2, Method.HNSW, DIMENSION);
    private static final int ROWS = 8_000;
    private static final int MORE = 1_500;
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    @TempDir Path directory;

    @Test
    void aGraphIsWrittenWhenNoRowHasComeForAWhile() throws Exception {
        Random random = new Random(1);
        Path graph = directory.resolve(SHARD.key().toString()).resolve("graph");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            put(index, random, 0, ROWS);
            await(graph, ROWS);
            put(index, random, ROWS, ROWS + MORE);
            Fixture.awaitLinked(index);
            assertEquals(ROWS, linked(graph), "written too early");
            await(graph, ROWS + MORE);
        }
    }

    private static void put(VectorIndex index, Random random, int from, int to) {
        for (int id = from; id < to; id++) {
            index.upsert(Fixture.key(id), null, Fixture.gaussian(random, DIMENSION, 1));
        }
        index.commit(new Lsn(1_000 + to));
    }

    private static void await(Path graph, int rows) throws Exception {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (linked(graph) != rows) {
            assertTrue(System.nanoTime() < end, linked(graph) + " rows, expected " + rows);
            Thread.sleep(100);
        }
    }

    private static int linked(Path graph) throws IOException {
        return Files.exists(graph) ? GraphFile.header(graph).slots() : 0;
    }
}
