package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** SIMD at every register width against the scalar specification. */
class KernelTest {
    private static final int[] DIMENSIONS =
            IntStream.concat(
                            IntStream.rangeClosed(1, 70),
                            IntStream.of(127, 128, 129, 384, 1000, 4096))
                    .toArray();
    private static final int VECTORS = 11;

    /** What a vector of each test is filled with; slots take turns. */
    private enum Content {
        GAUSSIAN,
        SMALL,
        LARGE,
        /** Subnormal numbers, of float16 too. */
        SUBNORMAL,
        /** Zeros of both signs, and both ends of the range of bytes. */
        ENDS
    }

    static Stream<Arguments> widthsAndKinds() {
        return Stream.of(128, 256, 512)
                .filter(bits -> bits <= FloatVector.SPECIES_PREFERRED.vectorBitSize())
                .flatMap(bits -> KernelKind.all().stream().map(kind -> Arguments.of(bits, kind)));
    }

    @ParameterizedTest(name = "{1} {0} bits")
    @MethodSource("widthsAndKinds")
    void simdAgreesWithTheSpecification(int bits, KernelKind kind) {
        Random random = new Random(11L * bits + kind.hashCode());
        Kernel simd = Kernels.simd(bits, kind);
        for (int dimension : DIMENSIONS) {
            for (Content content : Content.values()) {
                try (Vectors vectors = new Vectors(kind, dimension)) {
                    vectors.fill(random, content);
                    for (int n : new int[] {1, 2, 3, 4, VECTORS}) {
                        vectors.compare(simd, random.ints(n, 0, VECTORS).toArray());
                    }
                }
            }
        }
    }

    /** A query, vectors, and behind them a guard: whoever reads that computes nonsense. */
    private static final class Vectors implements AutoCloseable {
        private final KernelKind kind;
        private final int dimension;
        private final int width;
        private final Slab query;
        private final Slab memory;
        private final Slab scales;
        private float queryScale;

        Vectors(KernelKind kind, int dimension) {
            this.kind = kind;
            this.dimension = dimension;
            this.width = Kernel.padded(dimension, kind.elements());
            MemoryBudget budget = new MemoryBudget(1 << 28);
            query = new Slab(budget, "test", width * 4L, 2);
            memory = new Slab(budget, "test", kind.elements().bytes(width), VECTORS + 1);
            scales = new Slab(budget, "test", 4, VECTORS);
            query.ensure(2);
            memory.ensure(VECTORS + 1);
            scales.ensure(VECTORS);
        }

        void fill(Random random, Content content) {
            float[] values = values(random, content);
            put(kind.queryElements(), query.address(0), values);
            queryScale = scale(kind.queryElements(), query.address(0), values);
            for (int slot = 0; slot < VECTORS; slot++) {
                values = values(random, content);
                put(kind.elements(), memory.address(slot), values);
                Native.putFloat(
                        scales.address(slot), scale(kind.elements(), memory.address(slot), values));
            }
            for (long i = 0; i < memory.strideBytes(); i += 4) {
                Native.putInt(memory.address(VECTORS) + i, -1);
            }
        }

        private float[] values(Random random, Content content) {
            float[] values = new float[dimension];
            boolean half = kind.elements() == ElementType.FLOAT16;
            for (int i = 0; i < dimension; i++) {
                float gaussian = (float) random.nextGaussian();
                values[i] =
                        switch (content) {
                            case GAUSSIAN -> gaussian;
                            case SMALL -> gaussian * (half ? 1e-4f : 1e-18f);
                            case LARGE -> gaussian * (half ? 1e4f : 1e15f);
                            case SUBNORMAL -> gaussian * (half ? 2e-6f : 1e-39f);
                            case ENDS -> random.nextInt(3) - 1f == 0 ? -0f : gaussian;
                        };
                if (kind.elements() == ElementType.INT8) {
                    values[i] =
                            content == Content.ENDS
                                    ? random.nextBoolean() ? -128 : 127
                                    : random.nextInt(256) - 128;
                }
                if (kind.elements() == ElementType.BIT) {
                    values[i] = content == Content.ENDS ? 1 : gaussian > 0 ? 1 : 0;
                    if (content == Content.SMALL) {
                        values[i] = 0;
                    }
                }
            }
            return values;
        }

        private static void put(ElementType elements, long address, float[] values) {
            for (int i = 0; i < values.length; i++) {
                switch (elements) {
                    case FLOAT32 -> Native.putFloat(address + i * 4L, values[i]);
                    case FLOAT16 ->
                            Native.putShort(address + i * 2L, Float.floatToFloat16(values[i]));
                    case INT8 -> Native.putBytes(address + i, new byte[] {(byte) values[i]}, 0, 1);
                    case BIT -> {
                        int before = i % 32 == 0 ? 0 : Native.getInt(address + i / 32 * 4L);
                        Native.putInt(address + i / 32 * 4L, before | (int) values[i] << (i % 32));
                    }
                }
            }
        }

        private float scale(ElementType elements, long address, float[] values) {
            return switch (kind.metric()) {
                case COSINE -> (float) (1 / norm(elements, address));
                case JACCARD -> {
                    float ones = 0;
                    for (float value : values) {
                        ones += value;
                    }
                    yield ones;
                }
                // A query of inner product has a further component when it is itself a row.
                case INNER_PRODUCT -> dimension % 2 == 0 ? 0 : values[0];
                case L2, L1, HAMMING -> Float.NaN;
            };
        }

        private double norm(ElementType elements, long address) {
            double sum = 0;
            for (int i = 0; i < dimension; i++) {
                double value =
                        switch (elements) {
                            case FLOAT32 -> Native.getFloat(address + i * 4L);
                            case FLOAT16 -> Float.float16ToFloat(Native.getShort(address + i * 2L));
                            case INT8 -> Native.getByte(address + i);
                            case BIT -> throw new AssertionError("bits have no norm");
                        };
                sum += value * value;
            }
            return Math.sqrt(sum);
        }

        void compare(Kernel kernel, int[] slots) {
            int n = slots.length;
            float[] actual = new float[n + 1];
            actual[n] = 12345f;
            kernel.score(
                    query.address(0),
                    queryScale,
                    memory.base(),
                    memory.strideBytes(),
                    scales.base(),
                    width,
                    slots,
                    n,
                    actual);
            assertEquals(12345f, actual[n], "wrote behind the end");
            for (int i = 0; i < n; i++) {
                check(slots[i], actual[i]);
            }
        }

        /** The error of a sum in float32 is relative to the sum of the terms' magnitudes. */
        private void check(int slot, float actual) {
            Metric metric = kind.metric();
            long address = memory.address(slot);
            double exact =
                    ExactDistance.between(
                            metric, kind.elements(), query.address(0), address, dimension);
            double scales = (double) queryScale * Native.getFloat(this.scales.address(slot));
            double expected =
                    switch (metric) {
                        case L2 -> exact * exact;
                        case INNER_PRODUCT -> exact - scales;
                        case COSINE, L1, HAMMING, JACCARD -> exact;
                    };
            double size =
                    switch (metric) {
                        case COSINE -> 1;
                        case L2, L1 -> Math.abs(expected);
                        case HAMMING -> 0;
                        case JACCARD -> exact * 0.02;
                        case INNER_PRODUCT ->
                                norm(kind.queryElements(), query.address(0))
                                                * norm(kind.elements(), address)
                                        + Math.abs(scales);
                    };
            if (metric == Metric.COSINE && isTooSmallForFloat(address)) {
                return; // such vectors are left to the exact scan
            }
            // Below the normal range float32 has an absolute error.
            double tolerance = size == 0 ? 0 : 4e-6 * size + dimension * 1e-38;
            assertEquals(expected, actual, tolerance, kind + " of " + dimension);
        }

        private boolean isTooSmallForFloat(long address) {
            return !(norm(kind.queryElements(), query.address(0)) * norm(kind.elements(), address)
                    > 1e-30);
        }

        @Override
        public void close() {
            query.close();
            memory.close();
            scales.close();
        }
    }

    @ParameterizedTest
    @MethodSource("widthsAndKinds")
    void oneVectorsResultDoesNotDependOnItsNeighbours(int bits, KernelKind kind) {
        Kernel kernel = Kernels.simd(bits, kind);
        SampleVectors vectors = new SampleVectors(kind, 100, 64);
        float[] alone = new float[1];
        float[] together = new float[8];
        int[] slots = {9, 3, 17, 30, 8, 21, 2, 40};
        vectors.score(kernel, slots, together);
        for (int i = 0; i < slots.length; i++) {
            vectors.score(kernel, new int[] {slots[i]}, alone);
            assertEquals(alone[0], together[i]);
        }
    }

    @Test
    void theMachineRunsSimd() {
        Kernels kernels = Kernels.ofMachine();
        assertInstanceOf(Kernels.Simd.class, kernels, kernels.reason());
        for (KernelKind kind : KernelKind.all()) {
            assertTrue(kernels.isSimd(kind), kind::toString);
        }
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
                (query, queryScale, base, stride, scales, width, slots, n, out) ->
                        Arrays.fill(out, 0, n, 0.5f);
        for (KernelKind kind : KernelKind.all()) {
            KernelChoice choice = KernelChoice.simd(kind, wrong, 1);
            assertTrue(!choice.isSimd(), kind::toString);
            choice.kernel();
            assertTrue(!choice.isSimd(), kind::toString);
        }
    }

    @Test
    void theSelfTestRefusesASlowKernel() {
        KernelKind kind = new KernelKind(Metric.HAMMING, ElementType.BIT);
        Kernel right = new ScalarKernel(kind.metric(), kind.elements());
        Kernel slow =
                (query, queryScale, base, stride, scales, width, slots, n, out) -> {
                    for (int i = 0; i < 100; i++) {
                        right.score(query, queryScale, base, stride, scales, width, slots, n, out);
                    }
                };
        KernelChoice choice = KernelChoice.simd(kind, slow, 500_000_000);
        assertTrue(choice.isSimd(), "it computes the right thing");
        choice.kernel();
        assertTrue(!choice.isSimd(), "it is slow");
    }

    @Test
    void theSelfTestKeepsAFastKernel() {
        for (KernelKind kind : KernelKind.all()) {
            KernelChoice choice =
                    KernelChoice.simd(kind, Kernels.simd(128, kind), Kernels.WARM_UP_NANOS);
            choice.kernel();
            assertTrue(choice.isSimd(), kind::toString);
        }
    }
}
