package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** One huge transaction is no burden for the sidecar. */
class HugeTransactionTest {
    private static final int ROWS = Integer.getInteger("annex.faults.transaction-rows", 100_000);
    private static final int DIMENSION = 128;

    @TempDir Path folder;

    /** Its rows, about 900 bytes each on the heap, would fill it if they were gathered. */
    @Test
    void aHugeTransactionFitsASmallHeap() throws Exception {
        try (FaultScene scene = FaultScene.openWithDocs(folder, "-Xmx96m")) {
            scene.run(
                    "insert into docs select i, repeat('x', 100), array(select random() from"
                            + " generate_series(1, "
                            + DIMENSION
                            + ") where i > 0) from generate_series(1, "
                            + ROWS
                            + ") i");
            scene.run(
                    "begin; update docs set embedding = array_reverse(embedding), id = -id;"
                            + " delete from docs where id % 10 = 0; commit");
            awaitApplied(scene);
            scene.awaitServing(FaultScene.INDEX, DIMENSION);
            Judge.compare(scene, "docs", "embedding", FaultScene.INDEX, DIMENSION);
            assertEquals(
                    scene.value("select count(*) from docs"),
                    scene.value("select rows from annex.index_status"),
                    "rows");
            assertTrue(scene.sidecar().isAlive());
        }
    }

    private static void awaitApplied(FaultScene scene) throws Exception {
        long end = System.nanoTime() + (300L + ROWS / 1_000) * 1_000_000_000L;
        String flushed = scene.value("select pg_current_wal_flush_lsn()");
        while (!scene.holds(
                "select from annex.sidecar_status where applied >= '" + flushed + "'")) {
            assertTrue(System.nanoTime() < end, "not applied: " + flushed);
            Thread.sleep(200);
        }
    }
}
