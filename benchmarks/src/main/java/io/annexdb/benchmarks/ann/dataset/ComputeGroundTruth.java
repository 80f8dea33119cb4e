package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * Exact neighbours by brute force, cached beside the data.
 *
 * <p>Two steps. All rows are scored in float, one row against a block of queries at a time: the
 * queries of a block lie transposed, so that the inner loop runs over queries, has no dependency
 * and is vectorised by the compiler. Then twice as many candidates as needed are measured again in
 * double precision, which removes the rounding of the first step.
 */
public final class ComputeGroundTruth {
    private static final int BLOCK = 64;
    private static final int MARGIN = 32;

    private ComputeGroundTruth() {}

    /**
     * The k nearest rows of every query, among the rows that pass the filter.
     *
     * @param selectivity share of rows that pass; 1 for no filter
     */
    public static GroundTruth run(Dataset dataset, int k, double selectivity) throws IOException {
        String filter = selectivity < 1 ? "-filter" + selectivity : "";
        Path path = dataset.folder().resolve("truth-k" + k + filter + ".bin");
        Optional<GroundTruth> cached = GroundTruth.read(path, dataset.queries().rows());
        if (cached.isPresent()) {
            return cached.get();
        }
        GroundTruth computed = compute(dataset, k, selectivity);
        computed.write(path);
        return computed;
    }

    private static GroundTruth compute(Dataset dataset, int k, double selectivity) {
        int queries = dataset.queries().rows();
        int[][] rows = new int[queries][];
        double[][] distances = new double[queries][];
        int blocks = (queries + BLOCK - 1) / BLOCK;
        AtomicLong done = new AtomicLong();
        long total = (long) blocks * dataset.base().rows();
        try (Progress progress = Progress.start("Exact neighbours", total)) {
            IntStream.range(0, blocks)
                    .parallel()
                    .forEach(block -> {
                        int from = block * BLOCK;
                        int count = Math.min(BLOCK, queries - from);
                        CandidateHeap[] found =
                                scan(
                                        dataset,
                                        from,
                                        count,
                                        2 * k + MARGIN,
                                        selectivity,
                                        done,
                                        progress);
                        for (int i = 0; i < count; i++) {
                            settle(dataset, from + i, k, found[i], rows, distances);
                        }
                    });
            progress.advanceTo(total);
        }
        return new GroundTruth(rows, distances);
    }

    private static CandidateHeap[] scan(
            Dataset dataset,
            int from,
            int count,
            int capacity,
            double selectivity,
            AtomicLong done,
            Progress progress) {
        VectorFile base = dataset.base();
        float[] queries = transposed(dataset.queries(), from, count);
        float[] row = new float[base.dimension()];
        float[] scores = new float[BLOCK];
        CandidateHeap[] heaps = new CandidateHeap[count];
        for (int i = 0; i < count; i++) {
            heaps[i] = new CandidateHeap(capacity);
        }
        for (int id = 0; id < base.rows(); id++) {
            if (RowHash.passes(id, selectivity)) {
                base.read(id, row);
                score(dataset.metric(), row, queries, scores);
                for (int i = 0; i < count; i++) {
                    heaps[i].offer(id, scores[i]);
                }
            }
            if ((id & 0x3FFF) == 0x3FFF) {
                report(done.addAndGet(0x4000), progress);
            }
        }
        return heaps;
    }

    private static void report(long done, Progress progress) {
        synchronized (progress) {
            progress.advanceTo(done);
        }
    }

    /**
     * Scores that order rows as the distance does, without the part that only the query decides.
     */
    private static void score(Metric metric, float[] row, float[] queries, float[] scores) {
        Arrays.fill(scores, 0);
        int d = 0;
        for (; d < row.length - 3; d += 4) { // four at once: fewer loads and stores of scores
            float a = -row[d];
            float b = -row[d + 1];
            float c = -row[d + 2];
            float e = -row[d + 3];
            int first = d * BLOCK;
            int second = first + BLOCK;
            int third = second + BLOCK;
            int fourth = third + BLOCK;
            for (int i = 0; i < BLOCK; i++) {
                float sum = Math.fma(a, queries[first + i], scores[i]);
                sum = Math.fma(b, queries[second + i], sum);
                sum = Math.fma(c, queries[third + i], sum);
                scores[i] = Math.fma(e, queries[fourth + i], sum);
            }
        }
        for (; d < row.length; d++) {
            float component = -row[d];
            for (int i = 0; i < BLOCK; i++) {
                scores[i] = Math.fma(component, queries[d * BLOCK + i], scores[i]);
            }
        }
        if (metric == Metric.L2) {
            double squares = 0;
            for (float component : row) {
                squares += (double) component * component;
            }
            for (int i = 0; i < BLOCK; i++) {
                scores[i] += (float) (squares / 2);
            }
        }
    }

    private static float[] transposed(VectorFile queries, int from, int count) {
        float[] block = new float[queries.dimension() * BLOCK];
        for (int i = 0; i < count; i++) {
            float[] query = queries.row(from + i);
            for (int d = 0; d < query.length; d++) {
                block[d * BLOCK + i] = query[d];
            }
        }
        return block;
    }

    private static void settle(
            Dataset dataset,
            int query,
            int k,
            CandidateHeap candidates,
            int[][] rows,
            double[][] distances) {
        record Found(int row, double distance) {}
        float[] vector = dataset.queries().row(query);
        Found[] found =
                IntStream.of(candidates.ids())
                        .mapToObj(id ->
                                new Found(
                                        id,
                                        ExactDistance.of(
                                                dataset.metric(), vector, dataset.base().row(id))))
                        .sorted(
                                Comparator.comparingDouble(Found::distance)
                                        .thenComparingInt(Found::row))
                        .limit(k)
                        .toArray(Found[]::new);
        rows[query] = new int[found.length];
        distances[query] = new double[found.length];
        for (int rank = 0; rank < found.length; rank++) {
            rows[query][rank] = found[rank].row();
            distances[query][rank] = found[rank].distance();
        }
    }
}
