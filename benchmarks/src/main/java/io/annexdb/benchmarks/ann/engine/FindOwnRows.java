package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Searches for every row by its own vector. A row that does not come is looked for again with a
 * wide search, which also passes by copies of the same vector; what that does not find is counted
 * as unreachable.
 */
final class FindOwnRows {
    private static final int K = 10;
    private static final int EF = 100;
    private static final int WIDE_K = 1_000;
    private static final int WIDE_EF = 4_000;

    private FindOwnRows() {}

    /**
     * How many are missing.
     *
     * @param notFound by the search with ef = 100
     * @param unreachable by the wide search too
     */
    record Found(long notFound, long unreachable) {}

    static Found run(
            Engine engine,
            VectorFile base,
            Content content,
            int threads,
            Engine.BuildProgress progress)
            throws IOException {
        AtomicInteger next = new AtomicInteger();
        AtomicLong notFound = new AtomicLong();
        AtomicLong unreachable = new AtomicLong();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                Engine.Searcher<?> searcher = engine.searcher();
                running.add(
                        pool.submit(() -> {
                            int row = next.getAndIncrement();
                            while (row < content.rows()) {
                                float[] vector = content.vector(base, row);
                                if (!finds(searcher, vector, row, K, EF)) {
                                    notFound.incrementAndGet();
                                    if (!finds(searcher, vector, row, WIDE_K, WIDE_EF)) {
                                        unreachable.incrementAndGet();
                                    }
                                }
                                progress.at("look for all rows", row + 1, content.rows());
                                row = next.getAndIncrement();
                            }
                            return null;
                        }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return new Found(notFound.get(), unreachable.get());
    }

    private static <A> boolean finds(
            Engine.Searcher<A> searcher, float[] vector, int row, int k, int ef)
            throws IOException {
        return Arrays.stream(searcher.rows(searcher.search(vector, k, ef), k))
                .anyMatch(found -> found == row);
    }
}
