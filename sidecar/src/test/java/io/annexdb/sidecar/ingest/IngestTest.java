package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.RowChange;
import io.annexdb.sidecar.replication.StreamEvent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Connections that are lost inside a transaction, of a stream that is made up: what comes again,
 * what does not, and what the position is then. A change is a TRUNCATE, which the shard counts.
 */
class IngestTest {
    private static final long RELATION = 16_402;
    private static final long ANOTHER_RELATION = 16_500;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir Path directory;

    private IndexRegistry registry;
    private ShardRoute route;
    private Ingest ingest;
    private volatile Consumer<Lsn> durable = _ -> {};

    @BeforeEach
    void start() {
        registry = IndexRegistry.open(IndexSettings.of(directory));
        VectorIndex index = registry.openOrCreate(shard());
        index.beginLoad(new Lsn(100), 0);
        index.finishLoad();
        registry.advanceApplied(new Lsn(100));
        route = new ShardRoute(index, new Retries());
        ingest = new Ingest(registry, position -> durable.accept(position), new Lateness());
        ingest.route(List.of(route));
        ingest.start();
    }

    @AfterEach
    void stop() {
        ingest.close();
        registry.close();
    }

    @Test
    void whatComesAgainAndIsCutOffIsNotWaitedFor() throws Exception {
        give(changes(200, 7, 2), commit(200, 7));
        awaitApplied(210);
        // It was acknowledged meanwhile, so the next connection begins behind it.
        give(changes(200, 7, 1), new StreamEvent.Interrupted(), progress(300));
        awaitApplied(300);
        assertEquals(Optional.empty(), ingest.divergence());
        assertEquals(2, route.truncates());
    }

    @Test
    void whatComesAgainBeforeTheTransactionThatWasCutOffIsNoContradiction() throws Exception {
        give(changes(200, 7, 1), commit(200, 7));
        give(changes(220, 8, 1), new StreamEvent.Interrupted());
        give(changes(200, 7, 1), commit(200, 7));
        give(changes(220, 8, 3), commit(220, 8));
        awaitApplied(230);
        assertEquals(Optional.empty(), ingest.divergence());
        assertEquals(4, route.truncates());
    }

    @Test
    void aTransactionThatTheServerLostIsADivergence() throws Exception {
        give(changes(200, 7, 1), new StreamEvent.Interrupted(), progress(150), progress(300));
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (ingest.divergence().isEmpty()) {
            assertTrue(System.nanoTime() < end, "no divergence");
            Thread.sleep(10);
        }
        assertTrue(ingest.divergence().orElseThrow().contains("transaction 7 at 0/C8"));
        assertEquals(new Lsn(100), registry.appliedLsn());
    }

    @Test
    void untilThenItMayYetCome() throws Exception {
        give(changes(200, 7, 1), new StreamEvent.Interrupted(), progress(150));
        give(changes(200, 7, 2), commit(200, 7));
        awaitApplied(210);
        assertEquals(Optional.empty(), ingest.divergence());
        assertEquals(2, route.truncates());
    }

    @Test
    void whatIsBeingMadeDurableHoldsUpNothing() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        durable =
                _ -> {
                    begun.countDown();
                    awaitQuietly(mayEnd);
                };
        try {
            give(changes(200, 7, 1), commit(200, 7));
            assertTrue(begun.await(10, TimeUnit.SECONDS), "nothing is made durable");
            give(changes(220, 8, 1), commit(220, 8));
            awaitApplied(230);
            assertEquals(2, route.truncates());
        } finally {
            mayEnd.countDown();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void onlyWhereItTouchedAnything() throws Exception {
        RowChange elsewhere = new RowChange.Truncate(List.of(ANOTHER_RELATION));
        give(
                new StreamEvent.Changes(new Lsn(200), 7, List.of(elsewhere)),
                new StreamEvent.Interrupted(),
                progress(300));
        awaitApplied(300);
        assertEquals(Optional.empty(), ingest.divergence());
    }

    private void give(StreamEvent... events) throws InterruptedException {
        for (StreamEvent event : events) {
            ingest.queue().put(event);
        }
    }

    private static StreamEvent changes(long finalLsn, int xid, int count) {
        RowChange truncate = new RowChange.Truncate(List.of(RELATION));
        return new StreamEvent.Changes(
                new Lsn(finalLsn), xid, Collections.nCopies(count, truncate));
    }

    private static StreamEvent commit(long finalLsn, int xid) {
        return new StreamEvent.Commit(new Lsn(finalLsn), new Lsn(finalLsn + 10), xid, 0);
    }

    private static StreamEvent progress(long walEnd) {
        return new StreamEvent.Progress(new Lsn(walEnd));
    }

    private void awaitApplied(long position) throws InterruptedException {
        assertTrue(
                registry.awaitApplied(new Lsn(position), PATIENCE),
                () -> "applied " + registry.appliedLsn() + ", " + ingest.divergence());
    }

    private static ShardDefinition shard() {
        return new ShardDefinition(
                new IndexDefinition(
                        7,
                        "docs_embedding",
                        "public.docs",
                        "embedding",
                        ElementType.FLOAT32,
                        Metric.L2,
                        Method.FLAT,
                        List.of("id"),
                        null,
                        4,
                        IndexOptions.DEFAULT),
                RELATION,
                "public.docs");
    }
}
