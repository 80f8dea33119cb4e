package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Clustered vectors of a low intrinsic dimension r inside a higher one d, as embeddings of text or
 * images are. A row is
 *
 * <pre>
 * x = A (c + SPREAD · z) + NOISE · e
 * </pre>
 *
 * <p>with a matrix A of d × r, a centre c chosen evenly among the clusters, and z and e of r and d
 * components; all of them standard normal, A divided by √r. Every row has its own generator, seeded
 * by (seed, row), so the first rows of a larger set are the smaller set, and any number of threads
 * gives the same bytes. Queries are rows from −1 downwards, so they follow the same distribution
 * and are never base rows.
 *
 * @param rows base rows
 * @param dimension d, from 2
 * @param clusters number of centres, from 1
 * @param intrinsic r, from 1 to d
 * @param seed fixes everything
 */
public record SyntheticClusters(int rows, int dimension, int clusters, int intrinsic, long seed)
        implements DatasetSource {
    private static final double SPREAD = 0.4;
    private static final double NOISE = 0.05;
    private static final int ROWS_AT_ONCE = 2048;

    @Override
    public String name() {
        return "synthetic-%dx%d".formatted(rows, dimension);
    }

    @Override
    public String fingerprint() {
        return "synthetic-d%d-c%d-r%d-s%d".formatted(dimension, clusters, intrinsic, seed);
    }

    @Override
    public Metric metric() {
        return Metric.COSINE;
    }

    @Override
    public String description() {
        return "generated: %d clusters, intrinsic dimension %d of %d, spread %s, noise %s, seed %d"
                .formatted(clusters, intrinsic, dimension, SPREAD, NOISE, seed);
    }

    @Override
    public void deliver(Limits limits, VectorSink base, VectorSink queries) throws IOException {
        float[][] directions = normals(stream(1), dimension, intrinsic, 1 / Math.sqrt(intrinsic));
        float[][] centres = normals(stream(2), clusters, intrinsic, 1);
        for (int query = 0; query < limits.queries(); query++) {
            queries.accept(vector(-1 - query, directions, centres));
        }
        int count = Math.min(rows, limits.rows());
        for (int from = 0; from < count; from += ROWS_AT_ONCE) {
            float[][] made =
                    IntStream.range(from, Math.min(from + ROWS_AT_ONCE, count))
                            .parallel()
                            .mapToObj(row -> vector(row, directions, centres))
                            .toArray(float[][]::new);
            for (float[] vector : made) {
                base.accept(vector);
            }
        }
    }

    private float[] vector(int row, float[][] directions, float[][] centres) {
        SplittableRandom random = stream(3 + ((long) row << 2));
        float[] centre = centres[random.nextInt(clusters)];
        float[] latent = new float[intrinsic];
        for (int i = 0; i < intrinsic; i++) {
            latent[i] = (float) (centre[i] + SPREAD * random.nextGaussian());
        }
        float[] vector = new float[dimension];
        for (int d = 0; d < dimension; d++) {
            float sum = (float) (NOISE * random.nextGaussian());
            float[] direction = directions[d];
            for (int i = 0; i < intrinsic; i++) {
                sum += direction[i] * latent[i];
            }
            vector[d] = sum;
        }
        return vector;
    }

    private SplittableRandom stream(long number) {
        return new SplittableRandom(RowHash.mix(seed) ^ RowHash.mix(number));
    }

    private static float[][] normals(SplittableRandom random, int rows, int columns, double scale) {
        float[][] matrix = new float[rows][columns];
        for (float[] row : matrix) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (scale * random.nextGaussian());
            }
        }
        return matrix;
    }
}
