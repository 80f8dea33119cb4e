package io.annexdb.sidecar.quantization;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** Estimates are near the distances, order the rows like them, and come out the same each time. */
class ProductQuantizerTest {
    private static final int ROWS = 3_000;
    private static final int INTRINSIC = 12;

    @ParameterizedTest(name = "{0} {1}-d in {2} segments of {3} bits, seed {4}")
    @CsvSource({
        "COSINE, 96, 12, 8, 1",
        "L2, 96, 12, 8, 2",
        "INNER_PRODUCT, 96, 12, 8, 3",
        "COSINE, 101, 25, 4, 4",
        "L2, 101, 25, 4, 5",
        "INNER_PRODUCT, 64, 32, 4, 6",
        "L2, 7, 7, 8, 7",
    })
    void estimatesFindTheNeighbours(
            Metric metric, int dimension, int segments, int bits, long seed) {
        Random random = new Random(seed);
        float[][] rows = rows(random, dimension);
        ProductQuantizer quantizer =
                ProductQuantizer.train(metric, dimension, rows, segments, bits, seed);
        assertEquals(8 + (segments * bits + 7) / 8, quantizer.codeBytes());
        Codes codes = new Codes(quantizer, metric, rows);
        double recall = 0;
        double error = 0;
        for (int q = 0; q < 50; q++) {
            float[] query = rows[random.nextInt(ROWS)].clone();
            for (int d = 0; d < dimension; d++) {
                query[d] += (float) (0.1 * random.nextGaussian());
            }
            float[] estimates = codes.score(query);
            double[] exact = new double[ROWS];
            for (int i = 0; i < ROWS; i++) {
                exact[i] = distance(metric, query, rows[i]);
            }
            recall += found(exact, estimates) / 50;
            error += relativeError(exact, estimates) / 50;
        }
        System.out.printf("%s seed %d: recall %.3f, error %.3f%n", metric, seed, recall, error);
        // The ten nearest are among the fifty best by estimate.
        assertTrue(recall >= 0.95, "recall " + recall);
        assertTrue(error <= 0.25, "error " + error);
    }

    @ParameterizedTest
    @CsvSource({"8", "4"})
    void theSameSampleGivesTheSameCodes(int bits) {
        float[][] rows = rows(new Random(9), 32);
        byte[][] codes = new byte[2][];
        for (int i = 0; i < 2; i++) {
            ProductQuantizer quantizer = ProductQuantizer.train(Metric.L2, 32, rows, 8, bits, 10);
            codes[i] = new Codes(quantizer, Metric.L2, rows).bytes();
        }
        assertArrayEquals(codes[0], codes[1]);
    }

    /** With a centroid for every vector nothing is lost: the estimate is the distance. */
    @ParameterizedTest
    @CsvSource({"COSINE", "L2", "INNER_PRODUCT"})
    void fewVectorsAreKeptWhole(Metric metric) {
        Random random = new Random(11);
        int dimension = 24;
        float[][] rows = Arrays.copyOf(rows(random, dimension), 200);
        ProductQuantizer quantizer = ProductQuantizer.train(metric, dimension, rows, 3, 8, 12);
        Codes codes = new Codes(quantizer, metric, rows);
        float[] query = rows[17].clone();
        query[3] += 1;
        float[] estimates = codes.score(query);
        for (int i = 0; i < rows.length; i++) {
            double exact = distance(metric, query, rows[i]);
            assertEquals(exact, estimates[i], 2e-3 * (1 + Math.abs(exact)), "row " + i);
        }
    }

    /** Spread of the errors against the spread of the distances. */
    private static double relativeError(double[] exact, float[] estimates) {
        double mean = Arrays.stream(exact).average().orElseThrow();
        double spread = 0;
        double error = 0;
        for (int i = 0; i < exact.length; i++) {
            spread += (exact[i] - mean) * (exact[i] - mean);
            error += (exact[i] - estimates[i]) * (exact[i] - estimates[i]);
        }
        return Math.sqrt(error / spread);
    }

    private static double found(double[] exact, float[] estimates) {
        int[] nearest = first(10, i -> exact[i]);
        int[] candidates = first(50, i -> estimates[i]);
        return Arrays.stream(nearest)
                        .filter(i -> Arrays.stream(candidates).anyMatch(c -> c == i))
                        .count()
                / 10.0;
    }

    private static int[] first(int count, IntToDoubleFunction distance) {
        return IntStream.range(0, ROWS)
                .boxed()
                .sorted(Comparator.comparingDouble(distance::applyAsDouble))
                .limit(count)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** In the kernels' form: the square under L2. */
    private static double distance(Metric metric, float[] a, float[] b) {
        double product = 0;
        double squares = 0;
        double squaresA = 0;
        double squaresB = 0;
        for (int d = 0; d < a.length; d++) {
            product += (double) a[d] * b[d];
            squares += ((double) a[d] - b[d]) * ((double) a[d] - b[d]);
            squaresA += (double) a[d] * a[d];
            squaresB += (double) b[d] * b[d];
        }
        return switch (metric) {
            case COSINE -> 1 - product / Math.sqrt(squaresA * squaresB);
            case L2 -> squares;
            case INNER_PRODUCT -> -product;
            case L1, HAMMING, JACCARD -> throw new IllegalArgumentException("l1");
        };
    }

    /** Rows of a low intrinsic dimension, away from the origin. */
    private static float[][] rows(Random random, int dimension) {
        float[][] directions = new float[INTRINSIC][dimension];
        for (float[] direction : directions) {
            for (int d = 0; d < dimension; d++) {
                direction[d] = (float) random.nextGaussian();
            }
        }
        float[][] rows = new float[ROWS][dimension];
        for (float[] row : rows) {
            for (float[] direction : directions) {
                double along = random.nextGaussian() / Math.sqrt(INTRINSIC);
                for (int d = 0; d < dimension; d++) {
                    row[d] += (float) (along * direction[d]);
                }
            }
            for (int d = 0; d < dimension; d++) {
                row[d] += (float) (0.3 + 0.1 * random.nextGaussian());
            }
        }
        return rows;
    }

    /** All rows' codes in native memory. */
    private static final class Codes {
        private final ProductQuantizer quantizer;
        private final Metric metric;
        private final NativeBuffer codes;
        private final int stride;
        private final int rows;

        Codes(ProductQuantizer quantizer, Metric metric, float[][] vectors) {
            this.quantizer = quantizer;
            this.metric = metric;
            rows = vectors.length;
            stride = (quantizer.codeBytes() + 7) / 4 * 4;
            codes = new NativeBuffer((long) rows * stride + 64);
            for (int i = 0; i < rows; i++) {
                NativeBuffer vector = vector(vectors[i]);
                quantizer.encode(
                        vector.address(), scale(vectors[i]), codes.address() + (long) i * stride);
            }
        }

        private float scale(float[] vector) {
            double square = 0;
            for (float component : vector) {
                square += (double) component * component;
            }
            return metric == Metric.COSINE ? (float) (1 / Math.sqrt(square)) : 0f;
        }

        private static NativeBuffer vector(float[] components) {
            NativeBuffer buffer = new NativeBuffer((components.length + 15) / 16 * 64L);
            Native.putFloats(buffer.address(), components, components.length);
            return buffer;
        }

        float[] score(float[] query) {
            NativeBuffer prepared = new NativeBuffer(quantizer.preparedBytes());
            quantizer.prepare(vector(query).address(), scale(query), prepared.address());
            float[] out = new float[rows];
            int[] slots = IntStream.range(0, rows).toArray();
            quantizer.score(prepared.address(), codes.address(), stride, slots, rows, out);
            return out;
        }

        byte[] bytes() {
            byte[] bytes = new byte[rows * stride];
            Native.getBytes(codes.address(), bytes, 0, bytes.length);
            return bytes;
        }
    }
}
