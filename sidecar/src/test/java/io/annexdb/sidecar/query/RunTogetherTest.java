package io.annexdb.sidecar.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;

class RunTogetherTest {
    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        pool.shutdownNow();
    }

    @Test
    void everyPartOnce() {
        for (int threads = 1; threads <= 4; threads++) {
            RunTogether together = new RunTogether(pool, threads);
            for (int count = 0; count < 50; count++) {
                AtomicIntegerArray ran = new AtomicIntegerArray(count);
                together.run(count, ran::incrementAndGet);
                for (int i = 0; i < count; i++) {
                    assertEquals(1, ran.get(i));
                }
            }
        }
    }

    @Test
    void withoutHelpersTheCallerRunsThemAll() {
        RunTogether together = new RunTogether(help -> {}, 4);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        together.run(5, part -> seen.add(Thread.currentThread()));
        assertEquals(Set.of(Thread.currentThread()), seen);
    }

    @Test
    void partsRunAtTheSameTime() {
        RunTogether together = new RunTogether(pool, 3);
        CyclicBarrier all = new CyclicBarrier(3);
        together.run(
                3,
                part -> {
                    try {
                        all.await(30, TimeUnit.SECONDS);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    /** Two requests on two threads: neither gets a helper, and one that helps leaves. */
    @Test
    void nobodyHelpsWhereThereAreRequestsForAllThreads() throws InterruptedException {
        RunTogether together = new RunTogether(pool, 2);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Thread single =
                Thread.ofPlatform()
                        .start(() ->
                                together.run(
                                        1,
                                        part -> {
                                            inside.countDown();
                                            awaitQuietly(end);
                                        }));
        inside.await();
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        together.run(20, part -> seen.add(Thread.currentThread()));
        assertEquals(Set.of(Thread.currentThread()), seen);
        end.countDown();
        single.join();
    }

    @Test
    void theFirstFailureIsThrownWhenNothingRunsAnyMore() {
        RunTogether together = new RunTogether(pool, 2);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger began = new AtomicInteger();
        AtomicReference<RuntimeException> thrown = new AtomicReference<>();
        RuntimeException failure =
                assertThrows(
                        RuntimeException.class,
                        () ->
                                together.run(
                                        1_000,
                                        part -> {
                                            began.incrementAndGet();
                                            running.incrementAndGet();
                                            try {
                                                if (part == 10) {
                                                    thrown.set(new RuntimeException("10"));
                                                    throw thrown.get();
                                                }
                                                Thread.onSpinWait();
                                            } finally {
                                                running.decrementAndGet();
                                            }
                                        }));
        assertSame(thrown.get(), failure);
        assertEquals(0, running.get());
        assertTrue(began.get() < 1_000, () -> "began " + began);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
