package io.annexdb.sidecar.quantization;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.kernel.ExactDistance;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;

/** The estimator of RaBitQ: without bias, and with an error of order 1 / √dimension. */
class RabitqTest {
    private static final int VECTORS = 2_000;

    @ParameterizedTest
    @EnumSource(names = {"COSINE", "L2", "INNER_PRODUCT"})
    void estimatesHaveNoBiasAndASmallError(Metric metric) {
        for (int dimension : new int[] {96, 384, 1000}) {
            check(metric, dimension, 31L * dimension + metric.sqlName().length());
        }
    }

    private static void check(Metric metric, int dimension, long seed) {
        Random random = new Random(seed);
        float[] center = gaussian(dimension, 0.5f, random);
        Rabitq rabitq = Rabitq.of(metric, unit(center, metric));
        MemoryBudget budget = new MemoryBudget(1L << 30);
        long stride = Slab.cacheLines(dimension * 4L);
        try (Slab vectors = new Slab(budget, "test", stride, VECTORS + 1);
                Slab codes = new Slab(budget, "test", rabitq.codeBytes() + 64L, VECTORS);
                Slab prepared = new Slab(budget, "test", rabitq.preparedBytes(), 1)) {
            vectors.ensure(VECTORS + 1);
            codes.ensure(VECTORS);
            prepared.ensure(1);
            int[] slots = new int[VECTORS];
            for (int i = 0; i <= VECTORS; i++) {
                float[] vector = gaussian(dimension, 1, random);
                for (int j = 0; j < dimension; j++) {
                    vector[j] += center[j];
                }
                Native.putFloats(vectors.address(i), vector, dimension);
                if (i < VECTORS) {
                    slots[i] = i;
                    rabitq.encode(
                            vectors.address(i),
                            scale(metric, vectors.address(i), dimension),
                            codes.address(i));
                }
            }
            long query = vectors.address(VECTORS);
            rabitq.prepare(query, queryScale(metric, query, dimension), prepared.base());
            float[] estimates = new float[VECTORS];
            rabitq.score(
                    prepared.base(), codes.base(), codes.strideBytes(), slots, VECTORS, estimates);
            judge(metric, dimension, query, vectors, estimates, seed);
        }
    }

    private static void judge(
            Metric metric, int dimension, long query, Slab vectors, float[] estimates, long seed) {
        double bias = 0;
        double squares = 0;
        double unit =
                metric == Metric.COSINE
                        ? 1
                        : ExactDistance.norm(query, dimension)
                                * ExactDistance.norm(vectors.address(0), dimension);
        for (int i = 0; i < estimates.length; i++) {
            double exact =
                    ExactDistance.between(
                            metric, ElementType.FLOAT32, query, vectors.address(i), dimension);
            double wanted = metric == Metric.L2 ? exact * exact : exact;
            double error = (estimates[i] - wanted) / unit;
            bias += error / estimates.length;
            squares += error * error / estimates.length;
        }
        double deviation = Math.sqrt(squares);
        double expected = 1 / Math.sqrt(dimension) * (metric == Metric.L2 ? 2 : 1);
        String message = metric + ", " + dimension + " elements, seed " + seed;
        assertTrue(deviation < expected, message + ": deviation " + deviation);
        assertEquals(0, bias, expected / 4, message + ": bias");
    }

    @Test
    void aVectorAtTheCentroidIsEstimatedExactly() {
        float[] center = gaussian(384, 1, new Random(5));
        Rabitq rabitq = Rabitq.of(Metric.L2, center);
        MemoryBudget budget = new MemoryBudget(1 << 26);
        try (Slab memory = new Slab(budget, "test", 8192, 4)) {
            memory.ensure(4);
            Native.putFloats(memory.address(0), center, 384);
            rabitq.encode(memory.address(0), 0, memory.address(1));
            float[] query = gaussian(384, 1, new Random(6));
            Native.putFloats(memory.address(2), query, 384);
            rabitq.prepare(memory.address(2), 0, memory.address(3));
            float[] estimate = new float[1];
            rabitq.score(memory.address(3), memory.address(1), 0, new int[1], 1, estimate);
            double exact =
                    ExactDistance.between(
                            Metric.L2,
                            ElementType.FLOAT32,
                            memory.address(0),
                            memory.address(2),
                            384);
            assertEquals(exact * exact, estimate[0], 1e-2);
            assertEquals(0, rabitq.squaredError(memory.address(0), 0), 1e-4);
        }
    }

    private static float scale(Metric metric, long vector, int dimension) {
        return metric == Metric.COSINE ? (float) (1 / ExactDistance.norm(vector, dimension)) : 0.3f;
    }

    /** No further component of the query, so that the estimate is the product itself. */
    private static float queryScale(Metric metric, long query, int dimension) {
        return metric == Metric.COSINE ? (float) (1 / ExactDistance.norm(query, dimension)) : 0f;
    }

    private static float[] unit(float[] vector, Metric metric) {
        if (metric != Metric.COSINE) {
            return vector;
        }
        float[] unit = vector.clone();
        double norm = Math.sqrt(1.25 * vector.length);
        for (int i = 0; i < unit.length; i++) {
            unit[i] /= (float) norm;
        }
        return unit;
    }

    private static float[] gaussian(int dimension, float deviation, Random random) {
        float[] vector = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            vector[i] = (float) random.nextGaussian() * deviation;
        }
        return vector;
    }
}
