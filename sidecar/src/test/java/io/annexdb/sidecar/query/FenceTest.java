package io.annexdb.sidecar.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.PrimaryPosition;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(30)
class FenceTest {
    private static final Lsn BEFORE = Lsn.parse("0/100");
    private static final Lsn AFTER = Lsn.parse("0/200");

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger reads = new AtomicInteger();
    private final Telemetry telemetry = new Telemetry();

    @SuppressWarnings("NullAway.Init")
    private IndexRegistry registry;

    @BeforeEach
    void open(@TempDir Path directory) {
        registry = IndexRegistry.open(IndexSettings.of(directory));
        registry.advanceApplied(BEFORE);
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
        registry.close();
        telemetry.close();
    }

    @Test
    void whoeverComesDuringAReadSharesTheNextOne() throws Exception {
        CountDownLatch firstBegan = new CountDownLatch(1);
        Semaphore mayEnd = new Semaphore(0);
        Fence fence =
                fence(() -> {
                    reads.incrementAndGet();
                    firstBegan.countDown();
                    mayEnd.acquireUninterruptibly();
                    return BEFORE;
                });
        List<CompletableFuture<Lsn>> waiting = new ArrayList<>();
        waiting.add(strong(fence, 10_000));
        firstBegan.await();
        for (int i = 0; i < 20; i++) {
            waiting.add(strong(fence, 10_000));
        }
        // All of them have to be inside before the first read ends.
        Thread.sleep(300);
        assertEquals(1, reads.get());
        mayEnd.release(2);
        for (CompletableFuture<Lsn> each : waiting) {
            assertEquals(BEFORE, each.get(10, TimeUnit.SECONDS));
        }
        assertEquals(2, reads.get());
    }

    @Test
    void everyLoneRequestReadsAnew() {
        Fence fence = fence(() -> new Lsn(reads.incrementAndGet()));
        for (int i = 1; i <= 3; i++) {
            assertEquals(new Lsn(i), await(fence, Consistency.STRONG, Duration.ZERO, 1_000));
        }
    }

    @Test
    void strongWaitsUntilThePositionIsApplied() throws Exception {
        Fence fence = fence(() -> AFTER);
        CompletableFuture<Lsn> waiting = strong(fence, 10_000);
        Thread.sleep(100);
        assertFalse(waiting.isDone());
        registry.advanceApplied(new Lsn(AFTER.value() - 1));
        Thread.sleep(100);
        assertFalse(waiting.isDone());
        registry.advanceApplied(AFTER);
        assertEquals(AFTER, waiting.get(10, TimeUnit.SECONDS));
    }

    @Test
    void aWaitThatRunsOutNamesBothPositions() {
        Fence fence = fence(() -> AFTER);
        long began = System.nanoTime();
        AnnexException error =
                assertThrows(
                        AnnexException.class,
                        () -> await(fence, Consistency.STRONG, Duration.ZERO, 120));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        assertEquals(ErrorCode.CONSISTENCY_TIMEOUT, error.code());
        String message = String.valueOf(error.getMessage());
        assertTrue(message.contains("waited_for_lsn=0/200, applied_lsn=0/100"), message);
        assertTrue(millis >= 120 && millis < 5_000, millis + " ms");
    }

    @Test
    void eventualAsksNobody() {
        Fence fence = fence(() -> new Lsn(reads.incrementAndGet()));
        assertEquals(Lsn.ZERO, await(fence, Consistency.EVENTUAL, Duration.ZERO, 1_000));
        assertEquals(0, reads.get());
    }

    @Test
    void boundedTakesAPositionThatIsNotTooOld() throws Exception {
        Fence fence = fence(() -> new Lsn(reads.incrementAndGet()));
        Duration minute = Duration.ofMinutes(1);
        assertEquals(new Lsn(1), await(fence, Consistency.BOUNDED, minute, 1_000));
        assertEquals(new Lsn(1), await(fence, Consistency.BOUNDED, minute, 1_000));
        Thread.sleep(20);
        Duration fiveMillis = Duration.ofMillis(5);
        assertEquals(new Lsn(2), await(fence, Consistency.BOUNDED, fiveMillis, 1_000));
    }

    @Test
    void aPrimaryThatCannotBeReadIsToldAtOnceToAll() {
        Fence fence =
                fence(() -> {
                    throw new AnnexException(
                            ErrorCode.NOT_SERVABLE, "the primary is away", "Wake it.");
                });
        for (int i = 0; i < 2; i++) {
            AnnexException error =
                    assertThrows(
                            AnnexException.class,
                            () -> await(fence, Consistency.STRONG, Duration.ZERO, 60_000));
            assertEquals(ErrorCode.NOT_SERVABLE, error.code());
            assertEquals("Wake it.", error.hint().orElse(""));
        }
    }

    @Test
    void afterAFailureTheNextReadCounts() {
        Fence fence =
                fence(() -> {
                    if (reads.incrementAndGet() == 1) {
                        throw new IllegalStateException("lost");
                    }
                    return BEFORE;
                });
        assertThrows(
                AnnexException.class, () -> await(fence, Consistency.STRONG, Duration.ZERO, 1_000));
        assertEquals(BEFORE, await(fence, Consistency.STRONG, Duration.ZERO, 1_000));
    }

    @Test
    void whoWaitsForAnothersReadKeepsItsOwnDeadline() throws Exception {
        Semaphore mayEnd = new Semaphore(0);
        CountDownLatch began = new CountDownLatch(1);
        Fence fence =
                fence(() -> {
                    began.countDown();
                    mayEnd.acquireUninterruptibly();
                    return BEFORE;
                });
        CompletableFuture<Lsn> stuck = strong(fence, 10_000);
        began.await();
        AnnexException error =
                assertThrows(
                        AnnexException.class,
                        () -> await(fence, Consistency.STRONG, Duration.ZERO, 100));
        assertEquals(ErrorCode.NOT_SERVABLE, error.code());
        mayEnd.release(5);
        assertEquals(BEFORE, stuck.get(10, TimeUnit.SECONDS));
    }

    @Test
    void cancelEndsTheWait() {
        Fence fence = fence(() -> AFTER);
        AnnexException error =
                assertThrows(
                        AnnexException.class,
                        () ->
                                fence.await(
                                        Consistency.STRONG,
                                        Duration.ZERO,
                                        System.nanoTime() + TimeUnit.SECONDS.toNanos(20),
                                        () -> true,
                                        () -> {}));
        assertEquals(ErrorCode.QUERY_CANCELED, error.code());
    }

    private Fence fence(PrimaryPosition primary) {
        return new Fence(primary, registry, telemetry);
    }

    private CompletableFuture<Lsn> strong(Fence fence, long timeoutMillis) {
        return CompletableFuture.supplyAsync(
                () -> await(fence, Consistency.STRONG, Duration.ZERO, timeoutMillis), threads);
    }

    private static Lsn await(
            Fence fence, Consistency consistency, Duration staleness, long timeoutMillis) {
        return fence.await(
                consistency,
                staleness,
                System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis),
                () -> false,
                () -> {});
    }
}
