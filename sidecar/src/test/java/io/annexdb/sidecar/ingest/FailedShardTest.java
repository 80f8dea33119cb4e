package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.CopyResult;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** A shard that failed comes back soon, with the rows that it had. */
class FailedShardTest {
    private static final ShardKey SHARD = new ShardKey(7, 16_402);

    @TempDir Path directory;

    @Test
    void theRestDoublesFromASecondToAMinute() {
        Retries retries = new Retries();
        assertTrue(retries.isDue(SHARD), "nothing has failed");
        List<Long> seconds =
                IntStream.range(0, 9).mapToObj(i -> retries.failed(SHARD).toSeconds()).toList();
        assertEquals(List.of(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L), seconds);
        assertFalse(retries.isDue(SHARD));
        retries.serves(SHARD);
        assertEquals(Duration.ofSeconds(60), retries.failed(SHARD), "it has not served for long");
        retries.forget(SHARD);
        assertEquals(Duration.ofSeconds(1), retries.failed(SHARD));
        retries.forget(SHARD);
        assertEquals(Duration.ofSeconds(60), retries.failedForLong(SHARD));
    }

    /**
     * The stream describes the table without its vectors, for a moment: the shard fails, says until
     * when, and is compared with the table a second later.
     */
    @Test
    void whatWasGoodOfItIsKept() throws Exception {
        try (TestServer server = TestServer.start();
                Scene scene = Scene.open(server.url(), directory)) {
            scene.execute(
                    "ALTER EVENT TRIGGER annex_follow_publications DISABLE",
                    "ALTER EVENT TRIGGER annex_follow_publications_dropped DISABLE",
                    "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                    "INSERT INTO docs SELECT i, ARRAY[i, 2] FROM generate_series(1, 500) i");
            scene.createIndex(1, "public.docs", "v", null);
            scene.ready(1);
            String failure = "";
            // Now and then the audit sees the publication before the stream brings the row.
            for (int attempt = 1; failure.isEmpty(); attempt++) {
                assertTrue(attempt < 20, "the shard never failed");
                VectorIndex before = scene.ready(1);
                scene.execute(
                        "BEGIN; ALTER PUBLICATION annex_data SET TABLE docs (id); INSERT INTO docs"
                                + " VALUES ("
                                + (500 + attempt)
                                + ", '{1,2}'); ALTER PUBLICATION annex_data SET TABLE docs;"
                                + " COMMIT");
                scene.await(
                        scene::describe,
                        () ->
                                before.status().failure() != null
                                        || !scene.registry().shardsOf(1).contains(before));
                failure = String.valueOf(before.status().failure()).replace("null", "");
            }
            assertTrue(failure.contains("no vector column \"v\""), failure);
            assertTrue(failure.matches(".*It is tried again at 20[-0-9T:]+Z"), failure);
            scene.assertSame(1, "docs", "v", 2, null);
            CopyResult found = scene.ready(1).copied();
            assertTrue(found.kept() >= 500, found.toString());
        }
    }
}
