package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import java.util.Arrays;

/**
 * Which of the data set's vectors each row has now. A churn moves vectors between rows, so what an
 * engine finds are rows, and what is judged are vectors.
 */
final class Content {
    private final int[] vectorOf;

    Content(int rows) {
        vectorOf = new int[rows];
        Arrays.setAll(vectorOf, row -> row);
    }

    int rows() {
        return vectorOf.length;
    }

    /** The vector of a row, as the data set has it. */
    float[] vector(VectorFile base, int row) {
        return base.row(vectorOf[row]);
    }

    int vectorOf(int row) {
        return vectorOf[row];
    }

    void set(int row, int vector) {
        vectorOf[row] = vector;
    }

    /** Numbers of vectors for numbers of rows, in place. */
    void translate(int[][] found) {
        for (int[] rows : found) {
            for (int i = 0; i < rows.length; i++) {
                rows[i] = vectorOf[rows[i]];
            }
        }
    }
}
