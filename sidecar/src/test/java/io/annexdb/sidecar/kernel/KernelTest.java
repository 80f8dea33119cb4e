package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;

/** SIMD at every register width against the scalar specification. */
class KernelTest {
    private static final int[] DIMENSIONS = {1, 4, 6, 13, 16, 25, 100, 207, 384, 1023, 1536};
    private static final int VECTORS = 11;
    private static final float GUARD = Float.NaN;

    static Stream<Arguments> widthsAndMetrics() {
        return Stream.of(128, 256, 512)
                .filter(bits -> bits <= FloatVector.SPECIES_PREFERRED.vectorBitSize())
                .flatMap(bits ->
                        Stream.of(Metric.values()).map(metric -> Arguments.of(bits, metric)));
    }

    @ParameterizedTest(name = "{1} {0} bits")
    @MethodSource("widthsAndMetrics")
    void simdAgreesWithTheSpecification(int bits, Metric metric) {
        long seed = 11L * bits + metric.sqlName().length();
        Random random = new Random(seed);
        Kernel simd = assertInstanceOf(Kernels.Simd.class, Kernels.choose(bits)).of(metric);
        for (int dimension : DIMENSIONS) {
            for (float magnitude : new float[] {1f, 1e-18f, 1e15f}) {
                compare(simd, metric, dimension, magnitude, random);
            }
        }
    }

    private static void compare(
            Kernel simd, Metric metric, int dimension, float magnitude, Random random) {
        int floats = Kernel.padded(dimension);
        long stride = floats * 4L;
        MemoryBudget budget = new MemoryBudget(1 << 28);
        try (Slab memory = new Slab(budget, "test", stride, VECTORS + 2);
                Slab scales = new Slab(budget, "test", 4, VECTORS)) {
            memory.ensure(VECTORS + 2);
            scales.ensure(VECTORS);
            // Slot 0 is the query, the last one a guard: whoever reads it computes NaN.
            for (int slot = 0; slot <= VECTORS; slot++) {
                float[] vector = new float[floats];
                for (int i = 0; i < dimension; i++) {
                    vector[i] = (float) random.nextGaussian() * magnitude;
                }
                Native.putFloats(memory.address(slot), vector, floats);
            }
            float[] guard = new float[floats];
            Arrays.fill(guard, GUARD);
            Native.putFloats(memory.address(VECTORS + 1), guard, floats);
            for (int slot = 0; slot < VECTORS; slot++) {
                double norm = ExactDistance.norm(memory.address(slot + 1), dimension);
                Native.putFloat(scales.address(slot), (float) (1 / norm));
            }
            // A query of inner product has no further component; the self-test covers one.
            float queryScale =
                    metric == Metric.COSINE
                            ? (float) (1 / ExactDistance.norm(memory.address(0), dimension))
                            : 0f;
            for (int n = 1; n <= VECTORS; n++) {
                int[] slots = random.ints(n, 0, VECTORS).toArray();
                float[] actual = new float[n + 1];
                actual[n] = 12345f;
                simd.score(
                        memory.address(0),
                        queryScale,
                        memory.address(1),
                        stride,
                        scales.base(),
                        floats,
                        slots,
                        n,
                        actual);
                assertEquals(12345f, actual[n], "wrote behind the end");
                for (int i = 0; i < n; i++) {
                    check(metric, memory, slots[i], dimension, actual[i]);
                }
            }
        }
    }

    /** The error of a sum in float32 is relative to the sum of the terms' magnitudes. */
    private static void check(Metric metric, Slab memory, int slot, int dimension, float actual) {
        long query = memory.address(0);
        long vector = memory.address(slot + 1);
        double exact = ExactDistance.between(metric, query, vector, dimension);
        double norms = ExactDistance.norm(query, dimension) * ExactDistance.norm(vector, dimension);
        double expected = metric == Metric.L2 ? exact * exact : exact;
        double size =
                switch (metric) {
                    case COSINE -> 1;
                    case L2, L1 -> Math.abs(expected);
                    case INNER_PRODUCT -> norms;
                };
        // Below the normal range float32 has an absolute error.
        double tolerance = 4e-6 * size + dimension * 1e-38;
        if (metric == Metric.COSINE && norms < 1e-30) {
            return; // such vectors are left to the exact scan
        }
        assertEquals(expected, actual, tolerance, metric + " over " + dimension);
    }

    @Test
    void oneVectorsResultDoesNotDependOnItsNeighbours() {
        for (Metric metric : Metric.values()) {
            Kernel kernel = Kernels.ofMachine().of(metric);
            try (Slab memory = new Slab(new MemoryBudget(1 << 26), "test", 256, 64)) {
                memory.ensure(64);
                Random random = new Random(5);
                for (long i = 0; i < 64 * 64; i++) {
                    Native.putFloat(memory.base() + i * 4, random.nextFloat());
                }
                float[] alone = new float[1];
                float[] together = new float[8];
                int[] slots = {9, 3, 17, 30, 8, 21, 2, 40};
                score(kernel, memory, slots, 8, together);
                for (int i = 0; i < slots.length; i++) {
                    score(kernel, memory, new int[] {slots[i]}, 1, alone);
                    assertEquals(alone[0], together[i]);
                }
            }
        }
    }

    private static void score(Kernel kernel, Slab memory, int[] slots, int n, float[] out) {
        kernel.score(memory.address(63), 1f, memory.base(), 256, memory.base(), 64, slots, n, out);
    }

    @Test
    void theMachineRunsSimd() {
        Kernels kernels = Kernels.ofMachine();
        assertInstanceOf(Kernels.Simd.class, kernels, kernels.reason());
    }

    @Test
    void switchedOffIsScalarAndSaysSo() {
        Kernels kernels = Kernels.choose(0);
        assertInstanceOf(Kernels.Scalar.class, kernels);
        assertTrue(kernels.reason().contains("switched off"), kernels.reason());
    }

    @Test
    void theSelfTestRefusesAWrongKernel() {
        Kernel wrong =
                (query, queryScale, base, stride, scales, floats, slots, n, out) ->
                        Arrays.fill(out, 0, n, 0.5f);
        for (Metric metric : Metric.values()) {
            assertThrows(IllegalStateException.class, () -> SelfTest.check(metric, wrong));
        }
    }
}
