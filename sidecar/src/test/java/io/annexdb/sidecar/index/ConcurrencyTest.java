package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Readers beside a writer and linkers: no row is ever missed, none comes twice. */
class ConcurrencyTest {
    private static final int DIMENSION = 16;
    private static final int KEYS = 300;

    @TempDir Path directory;

    /**
     * Every row is replaced again and again, and so is always there: whatever moment a search hits,
     * it finds each key exactly once.
     */
    @ParameterizedTest
    @EnumSource(names = {"FLAT", "HNSW"})
    void rowsThatAreReplacedAreNeverMissed(Method method) throws Exception {
        IndexSettings settings = IndexSettings.of(directory).withNamespaceScanMax(10_000);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        AtomicInteger searches = new AtomicInteger();
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.L2, method, DIMENSION));
            Random random = new Random(1);
            for (int i = 0; i < KEYS; i++) {
                index.upsert(Fixture.key(i), "n" + i % 2, Fixture.gaussian(random, DIMENSION, 1f));
            }
            Thread[] readers = new Thread[2];
            for (int r = 0; r < readers.length; r++) {
                int seed = r;
                readers[r] =
                        new Thread(() -> {
                            try {
                                read(index, new Random(seed), stop, searches);
                            } catch (Throwable e) {
                                failure.set(e);
                            }
                        });
                readers[r].start();
            }
            for (int step = 1; searches.get() < 600 && failure.get() == null; step++) {
                int i = random.nextInt(KEYS);
                index.upsert(Fixture.key(i), "n" + i % 2, Fixture.gaussian(random, DIMENSION, 1f));
                if (step % 20 == 0) {
                    index.commit(new Lsn(1_000 + step));
                }
            }
            stop.set(true);
            for (Thread reader : readers) {
                reader.join();
            }
            assertNull(failure.get(), () -> String.valueOf(failure.get()));
        }
    }

    private static void read(
            VectorIndex index, Random random, AtomicBoolean stop, AtomicInteger searches) {
        while (!stop.get()) {
            float[] query = Fixture.gaussian(random, DIMENSION, 1f);
            boolean half = random.nextBoolean();
            List<Neighbor> found = Fixture.search(index, query, KEYS, 10, half ? "n1" : null);
            assertEquals(half ? KEYS / 2 : KEYS, found.size());
            assertEquals(
                    found.size(), new HashSet<>(found.stream().map(Neighbor::key).toList()).size());
            searches.incrementAndGet();
        }
    }

    /** Truncation and drop take the memory away under the searches: they end well all the same. */
    @Test
    void truncateAndDropBesideSearches() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory).withLinkerThreads(2))) {
            ShardDefinition shard = Fixture.shard(Metric.COSINE, Method.HNSW, DIMENSION);
            AtomicReference<VectorIndex> current =
                    new AtomicReference<>(Fixture.ready(registry, shard));
            Thread reader =
                    new Thread(() -> {
                        Random random = new Random(2);
                        try {
                            while (!stop.get()) {
                                searchOrRefused(current.get(), random);
                            }
                        } catch (Throwable e) {
                            failure.set(e);
                        }
                    });
            reader.start();
            Random random = new Random(3);
            for (int round = 1; round <= 30 && failure.get() == null; round++) {
                for (int i = 0; i < 500; i++) {
                    current.get()
                            .upsert(Fixture.key(i), null, Fixture.gaussian(random, DIMENSION, 1f));
                }
                if (round % 3 == 0) {
                    registry.drop(shard.key());
                    current.set(Fixture.ready(registry, shard));
                } else {
                    current.get().truncate();
                    current.get().commit(new Lsn(1_000 + round));
                }
            }
            stop.set(true);
            reader.join();
            assertNull(failure.get(), () -> String.valueOf(failure.get()));
        }
    }

    private static void searchOrRefused(VectorIndex index, Random random) {
        try {
            Fixture.search(index, Fixture.gaussian(random, DIMENSION, 1f), 10, 50);
        } catch (AnnexException e) {
            assertEquals(ErrorCode.NOT_SERVABLE, e.code(), e.getMessage());
        }
    }

    @Test
    void waitersAreWokenAtOnce() throws Exception {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            assertFalse(registry.awaitApplied(new Lsn(1), Duration.ofMillis(20)));
            AtomicLong nanosLeast = new AtomicLong(Long.MAX_VALUE);
            for (int i = 1; i <= 50; i++) {
                Lsn lsn = new Lsn(i);
                AtomicLong woken = new AtomicLong();
                Thread waiter =
                        new Thread(() -> {
                            try {
                                if (registry.awaitApplied(lsn, Duration.ofSeconds(30))) {
                                    woken.set(System.nanoTime());
                                }
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
                waiter.start();
                while (waiter.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait();
                }
                long told = System.nanoTime();
                registry.advanceApplied(lsn);
                waiter.join();
                assertTrue(woken.get() > 0, "not woken");
                nanosLeast.accumulateAndGet(woken.get() - told, Math::min);
            }
            // The best of fifty: the machine may be busy, a poll would never be this quick.
            assertTrue(nanosLeast.get() < 500_000, nanosLeast + " ns");
            assertTrue(registry.awaitApplied(new Lsn(50), Duration.ZERO));
        }
    }

    @Test
    void aSearchCanBeCancelled() throws Exception {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index =
                    Fixture.ready(registry, Fixture.shard(Metric.L2, Method.FLAT, DIMENSION));
            Random random = new Random(5);
            for (int i = 0; i < 10_000; i++) {
                index.upsert(Fixture.key(i), null, Fixture.gaussian(random, DIMENSION, 1f));
            }
            AnnexException error =
                    assertThrows(
                            AnnexException.class,
                            () ->
                                    index.reads()
                                            .search(
                                                    new float[DIMENSION],
                                                    5,
                                                    5,
                                                    null,
                                                    9,
                                                    () -> true));
            assertEquals(ErrorCode.QUERY_CANCELED, error.code());
        }
    }

    @Test
    void theMemoryLimitIsAnErrorAndWhatIsThereStays() throws Exception {
        IndexSettings settings = IndexSettings.of(directory).withMemoryLimitBytes(16 << 20);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, Fixture.shard(Metric.L2, Method.FLAT, 512));
            int[] rows = {0};
            AnnexException error =
                    assertThrows(
                            AnnexException.class,
                            () -> {
                                for (; rows[0] < 100_000; rows[0]++) {
                                    index.upsert(Fixture.key(rows[0]), null, new float[512]);
                                }
                            });
            assertEquals(ErrorCode.OUT_OF_RESOURCES, error.code());
            assertTrue(rows[0] > 1_000, "only " + rows[0] + " rows");
            assertEquals(rows[0], index.status().rows());
            assertEquals(5, Fixture.search(index, new float[512], 5, 5).size());
        }
    }
}
