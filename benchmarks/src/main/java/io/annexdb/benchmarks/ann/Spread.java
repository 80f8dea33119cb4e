package io.annexdb.benchmarks.ann;

import java.util.Arrays;

/**
 * The middle of several measurements of the same thing, and how far they lie apart.
 *
 * @param median the middle one, or the mean of the two middle ones
 * @param least the lowest
 * @param most the highest
 */
record Spread(double median, double least, double most) {
    static Spread of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        double median =
                sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }
}
