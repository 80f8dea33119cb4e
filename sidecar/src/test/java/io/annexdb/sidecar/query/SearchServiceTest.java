package io.annexdb.sidecar.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.StreamState;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

class SearchServiceTest {
    private final AtomicInteger positionsRead = new AtomicInteger();
    private final Telemetry telemetry = new Telemetry();
    private Lsn flushed = new Lsn(100);
    private Runnable whileWaiting = () -> {};

    @SuppressWarnings("NullAway.Init")
    private IndexRegistry registry;

    @SuppressWarnings("NullAway.Init")
    private SearchService service;

    @BeforeEach
    void open(@TempDir Path directory) {
        registry = IndexRegistry.open(IndexSettings.of(directory));
        registry.advanceApplied(new Lsn(100));
        Fence fence =
                new Fence(
                        () -> {
                            positionsRead.incrementAndGet();
                            whileWaiting.run();
                            return flushed;
                        },
                        registry,
                        telemetry);
        service = new SearchService(registry, fence, telemetry);
    }

    @AfterEach
    void close() {
        registry.close();
        telemetry.close();
    }

    @Test
    void equalDistancesOfSeveralShardsAreOrderedByKey() {
        for (int shard = 0; shard < 3; shard++) {
            VectorIndex index = loaded(7, 10 + shard);
            for (int row = shard; row < 9; row += 3) {
                index.upsert(RowKey.of("k" + row), null, new float[] {1, 0});
            }
            index.commit(new Lsn(100));
        }
        SearchAnswer answer = service.search(request(7, 5), () -> false);
        assertEquals(
                List.of("k0", "k1", "k2", "k3", "k4"),
                answer.neighbors().stream()
                        .map(Neighbor::key)
                        .map(key -> key.columns().getFirst())
                        .toList());
        assertEquals(3, answer.shards());
    }

    @Test
    void whatCannotBeServedIsSaidBeforeAnyWait() {
        loaded(7, 10).fail("the disk is gone");
        registry.openOrCreate(shard(8, 11)).beginLoad(new Lsn(1), 50);
        refused(ErrorCode.NOT_SERVABLE, "the disk is gone", request(7, 1));
        refused(ErrorCode.NOT_SERVABLE, "0 of about 50 rows", request(8, 1));
        refused(ErrorCode.UNDEFINED_INDEX, "index 9", request(9, 1));
        refused(ErrorCode.INVALID_PARAMETER_VALUE, "k is -1", request(7, -1));
        assertEquals(0, positionsRead.get());
    }

    @Test
    void anIndexDroppedDuringTheWaitIsUndefined() {
        loaded(7, 10);
        whileWaiting = () -> registry.drop(shard(7, 10).key());
        refused(ErrorCode.UNDEFINED_INDEX, "index 7", request(7, 1));
        assertEquals(1, positionsRead.get());
    }

    @Test
    void anIndexThatIsLostWithTheStreamIsNotWaitedFor() {
        loaded(7, 10);
        whileWaiting = registry::reset;
        long began = System.nanoTime();
        refused(ErrorCode.UNDEFINED_INDEX, "index 7", request(7, 1));
        assertEquals(Lsn.ZERO, registry.appliedLsn());
        assertTrue(System.nanoTime() - began < 3_000_000_000L, "it waited for its time limit");
    }

    @Test
    void aShardThatIsLoadedDuringTheWaitIsInTime() {
        loaded(7, 10);
        flushed = new Lsn(200);
        whileWaiting =
                () -> {
                    VectorIndex added = registry.openOrCreate(shard(7, 11));
                    added.beginLoad(new Lsn(1), 0);
                    CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS)
                            .execute(() -> {
                                added.finishLoad();
                                registry.advanceApplied(new Lsn(200));
                            });
                };
        assertEquals(2, service.search(request(7, 1), () -> false).shards());
    }

    @Test
    void oneFailedShardSpoilsTheAnswer() {
        loaded(7, 10);
        loaded(7, 11).fail("torn");
        refused(ErrorCode.NOT_SERVABLE, "torn", request(7, 1));
    }

    @Test
    void cancelled() {
        loaded(7, 10);
        AnnexException error =
                assertThrows(AnnexException.class, () -> service.search(request(7, 1), () -> true));
        assertEquals(ErrorCode.QUERY_CANCELED, error.code());
    }

    @Test
    void statusShowsShardsTogetherAndWhatWaits() {
        loaded(7, 10);
        registry.openOrCreate(shard(7, 11)).beginLoad(new Lsn(1), 50);
        StatusService status =
                new StatusService(
                        "1",
                        "main",
                        registry,
                        () -> new StreamState(true, "annex_main", new Lsn(130), null),
                        () ->
                                Map.of(
                                        8L,
                                        new IndexActivity(
                                                "creating the slot", 0, "waits for a slot")),
                        () -> {});
        NodeStatus node = status.status();
        assertEquals(30, node.lagBytes());
        IndexStatus loading = node.indexes().getFirst();
        assertEquals(2, loading.shards());
        assertEquals(1, loading.readyShards());
        assertEquals("loading", loading.state());
        IndexStatus waiting = node.indexes().getLast();
        assertEquals(8, waiting.indexId());
        assertEquals("loading", waiting.state());
        assertEquals("waits for a slot", waiting.message());
        assertEquals("creating the slot", waiting.phase());
        assertEquals("queued", loading.phase());
        assertEquals(2, node.obstacles().size());
    }

    private void refused(ErrorCode code, String words, SearchRequest request) {
        AnnexException error =
                assertThrows(AnnexException.class, () -> service.search(request, () -> false));
        assertEquals(code, error.code(), error.getMessage());
        assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
    }

    private static SearchRequest request(long indexId, int k) {
        return new SearchRequest(
                indexId,
                new float[] {1, 1},
                k,
                100,
                null,
                Double.POSITIVE_INFINITY,
                Consistency.STRONG,
                Duration.ZERO,
                Duration.ofSeconds(5));
    }

    private VectorIndex loaded(long indexId, long relationOid) {
        VectorIndex index = registry.openOrCreate(shard(indexId, relationOid));
        index.beginLoad(new Lsn(1), 0);
        index.finishLoad();
        return index;
    }

    private static ShardDefinition shard(long indexId, long relationOid) {
        IndexDefinition index =
                new IndexDefinition(
                        indexId,
                        "index" + indexId,
                        "public.docs",
                        "embedding",
                        ElementType.FLOAT32,
                        Metric.L2,
                        Method.FLAT,
                        List.of("id"),
                        null,
                        2,
                        new IndexOptions(16, 100, Quantization.AUTO));
        return new ShardDefinition(index, relationOid, "public.docs_" + relationOid);
    }
}
