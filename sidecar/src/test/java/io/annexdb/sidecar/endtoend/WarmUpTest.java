package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Map;

class WarmUpTest {
    private static final String READY = "{\"ready\":true,\"reasons\":[]}";
    private static final String NEAREST =
            "select (hit).id from annex.search(null::docs, 'v', '{3,1}', 1)";

    /** While it warms up it answers, and counts what clients ask only. */
    @Test
    void readyWaitsForTheWarmUpAndSearchesDoNot(@TempDir Path directory) throws Exception {
        try (AnnexOnPostgres annex =
                        AnnexOnPostgres.start(directory, Map.of("ANNEX_WARM_UP_MILLIS", "3000"));
                Session session = annex.session()) {
            session.run(
                    "create table docs (id int primary key, v real[])",
                    "insert into docs select i, array[i, 1] from generate_series(1, 500) i",
                    "select annex.create_index('docs', 'v', metric => 'l2')",
                    "select annex.wait_for_index('docs_v', '1 minute')");
            // Made by this process: there was nothing to warm up with.
            assertEquals(READY, annex.sidecar().ready());

            annex.stopSidecar();
            annex.startSidecar();
            session.run("select annex.wait_for_index('docs_v', '1 minute')");
            assertEquals("3", session.value(NEAREST));
            assertTrue(
                    annex.sidecar().ready().contains("[\"warming up\"]"), annex.sidecar().ready());
            assertEquals(1, annex.sidecar().answered("search"));

            long deadline = System.nanoTime() + 30_000_000_000L;
            while (!annex.sidecar().ready().equals(READY) && System.nanoTime() < deadline) {
                Thread.sleep(50);
            }
            assertEquals(READY, annex.sidecar().ready());
            assertEquals(1, annex.sidecar().answered("search"));
        }
    }

    @Test
    void withoutAnIndexLeftThereIsNothingToWaitFor(@TempDir Path directory) throws Exception {
        try (AnnexOnPostgres annex =
                        AnnexOnPostgres.start(directory, Map.of("ANNEX_WARM_UP_MILLIS", "60000"));
                Session session = annex.session()) {
            session.run(
                    "create table docs (id int primary key, v real[])",
                    "select annex.create_index('docs', 'v', metric => 'l2')",
                    "select annex.wait_for_index('docs_v', '1 minute')");
            annex.stopSidecar();
            session.run("select annex.drop_index('docs_v')");
            annex.startSidecar();
            long deadline = System.nanoTime() + 30_000_000_000L;
            while (!annex.sidecar().ready().equals(READY) && System.nanoTime() < deadline) {
                Thread.sleep(50);
            }
            assertEquals(READY, annex.sidecar().ready());
        }
    }
}
