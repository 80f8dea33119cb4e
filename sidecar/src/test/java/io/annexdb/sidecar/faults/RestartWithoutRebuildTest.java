package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A sidecar over many rows goes on from its files after a kill, and serves in seconds. */
class RestartWithoutRebuildTest {
    private static final int ROWS = Integer.getInteger("annex.faults.restart-rows", 100_000);
    private static final int DIMENSION = 128;

    /**
     * The bound for a million rows; below, on a machine that builds beside, a JVM's start counts.
     */
    private static final long RESTART_SECONDS_MOST = ROWS < 1_000_000 ? 20 : 5;

    private static final long LINKED_SECONDS = 300L + ROWS / 200;

    @TempDir Path folder;

    @Test
    void servesFromItsFiles() throws Exception {
        try (FaultScene scene = FaultScene.open(folder)) {
            scene.startFast("-Xmx512m");
            scene.run(
                    "create table docs (id bigint primary key, embedding real[])",
                    "alter table docs alter embedding set storage plain",
                    "insert into docs select i, array(select sin(i * j::float8) from"
                            + " generate_series(1, "
                            + DIMENSION
                            + ") j) from generate_series(1, "
                            + ROWS
                            + ") i",
                    "select annex.create_index('docs', 'embedding', metric => 'l2', method =>"
                            + " 'hnsw')");
            awaitLinked(scene);
            scene.sidecar().kill();
            scene.run("delete from docs where id % 1000 = 0");
            long started = System.nanoTime();
            scene.startFast("-Xmx512m");
            scene.awaitServing(FaultScene.INDEX, DIMENSION);
            long millis = (System.nanoTime() - started) / 1_000_000;
            System.out.println("serves %,d rows %,d ms after its start".formatted(ROWS, millis));
            assertTrue(millis < RESTART_SECONDS_MOST * 1_000, "it took " + millis + " ms");
            Judge.compare(scene, "docs", "embedding", FaultScene.INDEX, DIMENSION);
            assertEquals(1, scene.copies(), "copies of the table");
            assertEquals(
                    "0", scene.value("select fresh from annex.index_status"), "rows to link again");
        }
    }

    private static void awaitLinked(FaultScene scene) throws Exception {
        scene.run("select annex.wait_for_index('docs_embedding', '" + LINKED_SECONDS + " s')");
        long end = System.nanoTime() + LINKED_SECONDS * 1_000_000_000L;
        while (!scene.value("select fresh from annex.index_status").equals("0")
                || graphBytes(scene.index()) == 0) {
            assertTrue(System.nanoTime() < end, "rows are not linked");
            Thread.sleep(500);
        }
        // The checkpoint of the last rows comes when none has come for ten seconds.
        Thread.sleep(ROWS < 1_000_000 ? 3_000 : 20_000);
    }

    /** Size of the graphs on disk. */
    private static long graphBytes(Path index) throws IOException {
        try (Stream<Path> files = Files.walk(index)) {
            return files.filter(file -> file.endsWith("graph"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
