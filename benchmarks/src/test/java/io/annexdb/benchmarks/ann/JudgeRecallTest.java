package io.annexdb.benchmarks.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.benchmarks.ann.dataset.ComputeGroundTruth;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.GroundTruth;
import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorLists;
import io.annexdb.benchmarks.ann.engine.Answers;
import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

class JudgeRecallTest {
    private static final int K = 5;

    private final List<float[]> base = VectorLists.random(500, 6, 31);
    private final List<float[]> queries = VectorLists.random(40, 6, 32);

    @TempDir Path folder;
    private Dataset dataset;

    @BeforeEach
    void makeDataset() throws IOException {
        base.set(499, base.get(7));
        dataset = VectorLists.dataset(folder, Metric.L2, base, queries);
    }

    @AfterEach
    void closeDataset() {
        dataset.close();
    }

    /** Without ties, recall is the size of the intersection. */
    @Test
    void isTheShareOfExactNeighboursFound() throws IOException {
        GroundTruth truth = ComputeGroundTruth.run(dataset, K, 1);
        SplittableRandom random = new SplittableRandom(33);
        int[][] rows = new int[queries.size()][K];
        int found = 0;
        for (int query = 0; query < rows.length; query++) {
            Set<Integer> exact = exact(truth, query);
            Set<Integer> distinct = new HashSet<>();
            for (int rank = 0; rank < K; rank++) {
                rows[query][rank] =
                        random.nextBoolean() ? truth.row(query, rank) : random.nextInt(500);
                distinct.add(rows[query][rank]);
            }
            distinct.retainAll(exact);
            found += distinct.size();
        }
        double expected = (double) found / (K * rows.length);
        assertEquals(expected, recall(truth, 1, rows), 1e-12);
    }

    @Test
    void amongRowsOfEqualDistanceEachCounts() throws IOException {
        GroundTruth truth = ComputeGroundTruth.run(dataset, 1, 1);
        int[][] rows = new int[queries.size()][];
        for (int query = 0; query < rows.length; query++) {
            int nearest = truth.row(query, 0);
            rows[query] = new int[] {nearest == 7 ? 499 : nearest};
        }
        assertEquals(1, new JudgeRecall(dataset, truth, 1, 1).recall(answers(rows)));
    }

    @Test
    void repeatedAndMissingAndUnknownRowsCountNothing() throws IOException {
        GroundTruth truth = ComputeGroundTruth.run(dataset, K, 1);
        int[][] rows = new int[queries.size()][];
        for (int query = 0; query < rows.length; query++) {
            int nearest = truth.row(query, 0);
            rows[query] = new int[] {nearest, nearest, nearest, -1, 500};
        }
        assertEquals(1.0 / K, recall(truth, 1, rows), 1e-12);
    }

    @Test
    void rowsThatTheFilterExcludesCountNothing() throws IOException {
        GroundTruth unfiltered = ComputeGroundTruth.run(dataset, K, 1);
        GroundTruth truth = ComputeGroundTruth.run(dataset, K, 0.5);
        int[][] rows = new int[queries.size()][K];
        int passing = 0;
        for (int query = 0; query < rows.length; query++) {
            for (int rank = 0; rank < K; rank++) {
                rows[query][rank] = unfiltered.row(query, rank);
                passing += RowHash.passes(rows[query][rank], 0.5) ? 1 : 0;
            }
        }
        assertEquals((double) passing / (K * rows.length), recall(truth, 0.5, rows), 1e-12);
    }

    @Test
    void fewerMatchingRowsThanAskedForCanAllBeFound() throws IOException {
        double selectivity = 0.004; // of 500 rows, 1 to 4
        GroundTruth truth = ComputeGroundTruth.run(dataset, K, selectivity);
        int[][] rows = new int[queries.size()][];
        for (int query = 0; query < rows.length; query++) {
            rows[query] =
                    Arrays.copyOf(exact(truth, query).stream().mapToInt(row -> row).toArray(), K);
            Arrays.fill(rows[query], truth.count(query), K, -1);
        }
        assertEquals(1, recall(truth, selectivity, rows));
    }

    private double recall(GroundTruth truth, double selectivity, int[][] rows) {
        return new JudgeRecall(dataset, truth, K, selectivity).recall(answers(rows));
    }

    private static Answers answers(int[][] rows) {
        return new Answers(1, 1, 0, rows, new int[] {1});
    }

    private static Set<Integer> exact(GroundTruth truth, int query) {
        Set<Integer> rows = new HashSet<>();
        for (int rank = 0; rank < truth.count(query); rank++) {
            rows.add(truth.row(query, rank));
        }
        return rows;
    }
}
