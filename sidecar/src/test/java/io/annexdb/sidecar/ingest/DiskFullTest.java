package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The data directory's disk is full for a while. */
class DiskFullTest {
    @TempDir Path directory;

    private Path small = Path.of("");
    private boolean isMounted;

    @BeforeEach
    void mount() throws Exception {
        small = Files.createDirectory(directory.resolve("small"));
        isMounted = run("mount", "-t", "tmpfs", "-o", "size=24m", "annex-test", small.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        if (isMounted) {
            run("umount", "-l", small.toString());
        }
    }

    @Test
    @DisplayName(
            "a full disk stops acknowledging, not serving, and is recovered from (needs mount)")
    void aFullDiskStopsAcknowledgingNotServing() throws Exception {
        assumeTrue(isMounted, "no file system can be mounted here");
        try (TestServer server = TestServer.start();
                Scene scene =
                        Scene.open(
                                server.postgres().getJdbcUrl("postgres", "postgres"),
                                small.resolve("index"))) {
            scene.execute("CREATE TABLE docs (id bigint PRIMARY KEY, v real[])", rows(1, 500));
            scene.createIndex(1, "public.docs", "v", null);
            scene.assertSame(1, "docs", "v", 600, null);
            VectorIndex index = scene.ready(1);
            Path filler = small.resolve("filler");
            fill(filler);
            scene.execute(rows(501, 1_500));
            scene.await(
                    scene::describe,
                    () -> scene.running().status().error().orElse("").contains("No space left"));
            Lsn durable = scene.registry().durableLsn();
            String confirmed = confirmed(scene);
            assertEquals(
                    1, index.reads().search(new float[600], 1, 10, null, 1e30, () -> false).size());
            scene.execute(rows(1_501, 6_000));
            Thread.sleep(1_000);
            assertEquals(State.READY, index.state(), "serves on");
            assertEquals(
                    1, index.reads().search(new float[600], 1, 10, null, 1e30, () -> false).size());
            assertEquals(durable, scene.registry().durableLsn());
            assertEquals(confirmed, confirmed(scene), "nothing is acknowledged");
            assertTrue(run("mount", "-o", "remount,size=96m", small.toString()));
            Files.delete(filler);
            scene.assertSame(1, "docs", "v", 600, null);
            scene.await(
                    scene::describe,
                    () ->
                            scene.registry().durableLsn().compareTo(durable) > 0
                                    && scene.running().status().error().isEmpty());
            assertEquals(index, scene.ready(1), "not built again");
            scene.stop();
            scene.start();
            scene.assertSame(1, "docs", "v", 600, null);
            assertEquals(0, scene.ready(1).status().loadedRows(), "and its files are whole");
        }
    }

    private static String confirmed(Scene scene) throws Exception {
        return scene.query(
                        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name ="
                                + " 'annex_main'")
                .getFirst();
    }

    private static String rows(int from, int to) {
        return "INSERT INTO docs SELECT i, (SELECT array_agg(i + j) FROM generate_series(1, 600)"
                + " j) FROM generate_series("
                + from
                + ", "
                + to
                + ") i";
    }

    /** Takes all room there is. */
    private static void fill(Path filler) throws IOException {
        try (OutputStream out = Files.newOutputStream(filler)) {
            for (byte[] bytes = new byte[1 << 12]; ; ) {
                out.write(bytes);
            }
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("No space"), e::toString);
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
