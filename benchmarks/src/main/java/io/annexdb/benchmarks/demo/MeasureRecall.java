package io.annexdb.benchmarks.demo;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.Hit;
import io.annexdb.jdbc.SearchRequest;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Compares searches with exact SQL, for queries that are no rows of the table, and takes their
 * times. The client is one that fails rather than falls back, so every answer measured is the
 * sidecar's.
 */
final class MeasureRecall {
    static final int K = 10;
    private static final int WARM_UP_SEARCHES = 200;

    private final DevelopmentServer server;
    private final AnnexClient client;

    MeasureRecall(DevelopmentServer server, AnnexClient client) {
        this.server = server;
        this.client = client;
    }

    /**
     * The outcome.
     *
     * @param recall share of the exact neighbours that were found, 0 to 1
     * @param medianMillis latency of a search, k rows with their columns, one connection
     * @param p95Millis latency that one search in twenty exceeds
     * @param exactMillis median time of exact SQL for the same
     */
    record Report(
            int queries,
            double recall,
            double medianMillis,
            double p95Millis,
            double exactMillis) {}

    Report run(List<float[]> queries) throws InterruptedException, ExecutionException {
        List<Answer> answers = search(queries);
        List<Judgement> judgements = judge(queries);
        long found = 0;
        long expected = 0;
        for (int i = 0; i < queries.size(); i++) {
            Set<Long> exact = judgements.get(i).ids();
            found += answers.get(i).ids().stream().filter(exact::contains).count();
            expected += Math.min(K, exact.size());
        }
        long[] nanos = answers.stream().mapToLong(Answer::nanos).sorted().toArray();
        long[] exactNanos = judgements.stream().mapToLong(Judgement::nanos).sorted().toArray();
        return new Report(
                queries.size(),
                expected == 0 ? 1 : (double) found / expected,
                millis(nanos, 0.50),
                millis(nanos, 0.95),
                millis(exactNanos, 0.50));
    }

    private List<Answer> search(List<float[]> queries) {
        for (int i = 0; i < WARM_UP_SEARCHES; i++) {
            searchOnce(queries.get(i % queries.size()));
        }
        try (Progress progress = Progress.start("Search", queries.size())) {
            List<Answer> answers = new ArrayList<>();
            for (float[] query : queries) {
                answers.add(searchOnce(query));
                progress.advanceTo(answers.size());
            }
            return answers;
        }
    }

    private Answer searchOnce(float[] query) {
        long start = System.nanoTime();
        List<Hit<Long>> hits =
                client.search(
                        SearchRequest.of(
                                        "memory.memory_entries",
                                        "embedding",
                                        query,
                                        row -> row.getLong("id"))
                                .k(K)
                                .build());
        long nanos = System.nanoTime() - start;
        return new Answer(hits.stream().map(Hit::row).toList(), nanos);
    }

    /** Exact SQL takes a good part of a second for each query, so every processor judges. */
    private List<Judgement> judge(List<float[]> queries)
            throws InterruptedException, ExecutionException {
        int judges = Math.min(Runtime.getRuntime().availableProcessors(), queries.size());
        try (ExecutorService threads = Executors.newFixedThreadPool(judges);
                Progress progress = Progress.start("Judge by exact SQL", queries.size())) {
            List<Future<Judgement>> pending = new ArrayList<>();
            ThreadLocal<ExactNeighbors> judge = ThreadLocal.withInitial(this::connect);
            for (float[] query : queries) {
                pending.add(threads.submit(() -> judgeOnce(judge.get(), query)));
            }
            List<Judgement> judgements = new ArrayList<>();
            for (Future<Judgement> judgement : pending) {
                judgements.add(judgement.get());
                progress.advanceTo(judgements.size());
            }
            return judgements;
        }
    }

    private ExactNeighbors connect() {
        try {
            return new ExactNeighbors(server.jdbcUrl(), server.user(), server.password());
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("cannot connect for exact SQL: " + e.getMessage(), e);
        }
    }

    private static Judgement judgeOnce(ExactNeighbors judge, float[] query) throws SQLException {
        long start = System.nanoTime();
        Set<Long> ids = judge.of(query, K);
        return new Judgement(ids, System.nanoTime() - start);
    }

    private static double millis(long[] sortedNanos, double quantile) {
        int rank = (int) Math.ceil(quantile * sortedNanos.length);
        return sortedNanos[Math.max(0, rank - 1)] / 1e6;
    }

    private record Answer(List<Long> ids, long nanos) {}

    private record Judgement(Set<Long> ids, long nanos) {}
}
