package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs one measurement. The threads share a counter and each takes the next query, round and round,
 * until every query was asked once and the time is up. Answers of the first round are kept, and
 * turned into rows after the clock has stopped.
 */
final class SearchPass {
    private final float[][] queries;
    private final List<Engine.Searcher<?>> searchers = new ArrayList<>();
    private final ExecutorService threads =
            Executors.newCachedThreadPool(
                    Thread.ofPlatform().daemon().name("search-", 0).factory());

    SearchPass(VectorFile queries) {
        this.queries = new float[queries.rows()][];
        Arrays.setAll(this.queries, queries::row);
    }

    /** Measures; the engine must be the same each time. */
    PassResult run(Engine engine, SearchRequest request) throws IOException {
        while (searchers.size() < request.threads()) {
            searchers.add(engine.searcher());
        }
        AtomicLong next = new AtomicLong();
        int[][] rows = new int[queries.length][];
        long started = System.nanoTime();
        long deadline = started + request.minMillis() * 1_000_000L;
        List<Future<TurnResult>> running = new ArrayList<>();
        for (Engine.Searcher<?> searcher : searchers.subList(0, request.threads())) {
            running.add(
                    threads.submit(
                            () -> new Turn<>(searcher, request, next, deadline, rows).run()));
        }
        List<TurnResult> turns = new ArrayList<>();
        for (Future<TurnResult> turn : running) {
            turns.add(result(turn));
        }
        long last = turns.stream().mapToLong(TurnResult::endNanos).max().orElse(started);
        long cpu = turns.stream().mapToLong(TurnResult::cpuNanos).sum();
        long[] nanos = turns.stream().flatMapToLong(each -> Arrays.stream(each.nanos())).toArray();
        return new PassResult((last - started) / 1e9, cpu / 1e9, rows, nanos);
    }

    private static TurnResult result(Future<TurnResult> turn) throws IOException {
        try {
            return turn.get();
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /**
     * What a measurement gave.
     *
     * @param seconds from the first query's start to the last one's end
     * @param cpuSeconds processor time of the searching threads
     * @param rows rows found by query
     * @param nanos time of each search
     */
    @SuppressWarnings("ArrayRecordComponent") // carries them from one method to the next
    record PassResult(double seconds, double cpuSeconds, int[][] rows, long[] nanos) {}

    /** What one thread did. */
    @SuppressWarnings("ArrayRecordComponent") // carries them from one method to the next
    private record TurnResult(long endNanos, long cpuNanos, long[] nanos) {}

    /** One thread's share. */
    private final class Turn<A> {
        private final Engine.Searcher<A> searcher;
        private final SearchRequest request;
        private final AtomicLong next;
        private final long deadline;
        private final int[][] rows;
        private final List<A> answers = new ArrayList<>();
        private final List<Integer> answered = new ArrayList<>();
        private long[] nanos = new long[1 << 14];
        private int size;

        Turn(
                Engine.Searcher<A> searcher,
                SearchRequest request,
                AtomicLong next,
                long deadline,
                int[][] rows) {
            this.searcher = searcher;
            this.request = request;
            this.next = next;
            this.deadline = deadline;
            this.rows = rows;
        }

        TurnResult run() throws IOException {
            ThreadMXBean threadTimes = ManagementFactory.getThreadMXBean();
            long cpuBefore = threadTimes.getCurrentThreadCpuTime();
            long before = System.nanoTime();
            long turn = next.getAndIncrement();
            while (turn < queries.length || before < deadline) {
                int query = (int) (turn % queries.length);
                A answer = searcher.search(queries[query], request.k(), request.ef());
                long after = System.nanoTime();
                record(after - before);
                if (turn < queries.length) {
                    answers.add(answer);
                    answered.add(query);
                }
                before = after;
                turn = next.getAndIncrement();
            }
            long cpu = threadTimes.getCurrentThreadCpuTime() - cpuBefore;
            for (int i = 0; i < answers.size(); i++) {
                rows[answered.get(i)] = searcher.rows(answers.get(i), request.k());
            }
            return new TurnResult(before, cpu, Arrays.copyOf(nanos, size));
        }

        private void record(long duration) {
            if (size == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * size);
            }
            nanos[size++] = duration;
        }
    }
}
