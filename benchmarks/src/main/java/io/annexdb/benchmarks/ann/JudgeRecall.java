package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.ExactDistance;
import io.annexdb.benchmarks.ann.dataset.GroundTruth;
import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.engine.Answers;

import java.util.HashSet;
import java.util.Set;

/**
 * Recall, judged by distance: a row found counts when its exact distance is not above that of the
 * k-th exact neighbour, so that among rows of equal distance it does not matter which are found. A
 * row named twice, one that does not exist, and one that the filter excludes count nothing.
 */
final class JudgeRecall {
    /** Equal up to the rounding of doubles. */
    private static final double TOLERANCE = 1e-9;

    private final Dataset dataset;
    private final GroundTruth truth;
    private final int k;
    private final double selectivity;

    JudgeRecall(Dataset dataset, GroundTruth truth, BenchPlan plan) {
        this(dataset, truth, plan.k(), plan.selectivity());
    }

    JudgeRecall(Dataset dataset, GroundTruth truth, int k, double selectivity) {
        this.dataset = dataset;
        this.truth = truth;
        this.k = k;
        this.selectivity = selectivity;
    }

    /** Share of the exact neighbours that were found, over all queries, 0 to 1. */
    double recall(Answers answers) {
        long found = 0;
        long wanted = 0;
        for (int query = 0; query < answers.queries(); query++) {
            found += found(query, answers.rows(query));
            wanted += Math.min(k, truth.count(query));
        }
        return wanted == 0 ? 1 : (double) found / wanted;
    }

    private int found(int query, int[] rows) {
        int wanted = Math.min(k, truth.count(query));
        if (wanted == 0) {
            return 0;
        }
        double limit = truth.distance(query, wanted - 1);
        double highest = limit + TOLERANCE * Math.max(1, Math.abs(limit));
        float[] vector = dataset.queries().row(query);
        Set<Integer> counted = new HashSet<>();
        for (int row : rows) {
            if (row >= 0
                    && row < dataset.base().rows()
                    && RowHash.passes(row, selectivity)
                    && distance(vector, row) <= highest) {
                counted.add(row);
            }
        }
        return Math.min(wanted, counted.size());
    }

    private double distance(float[] vector, int row) {
        return ExactDistance.of(dataset.metric(), vector, dataset.base().row(row));
    }
}
