package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Products, nearest centroids and scans at every register width against the specification. */
class CodeKernelTest {
    private static final int[] DIMENSIONS = {1, 2, 3, 8, 13, 100};
    private static final int[] GROUPS = {1, 2, 3, 4, 5, 16, 19};
    private static final int[] COLUMNS = {1, 2, 5, 32, 129};

    static IntStream widths() {
        return IntStream.of(128, 256, 512)
                .filter(bits -> bits <= FloatVector.SPECIES_PREFERRED.vectorBitSize());
    }

    private static CodeKernel kernel(int bits) {
        CodeKernel kernel = CodeKernels.choose(bits);
        assertTrue(kernel.getClass().isHidden(), bits + " bits fell back to scalar");
        return kernel;
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void productsAgreeWithTheSpecification(int bits) {
        Random random = new Random(101 + bits);
        CodeKernel simd = kernel(bits);
        for (int dimension : DIMENSIONS) {
            for (int groups : GROUPS) {
                int count = groups * CodeKernel.GROUP;
                NativeBuffer centroids = floats(random, groups * (1 + dimension) * 16);
                NativeBuffer point = floats(random, dimension);
                float[][] out = new float[2][count];
                CodeKernel[] kernels = {new ScalarCodeKernel(), simd};
                for (int i = 0; i < 2; i++) {
                    NativeBuffer to = new NativeBuffer((count + 1) * 4L);
                    Native.putFloat(to.address() + count * 4L, 77f);
                    kernels[i].products(
                            point.address(),
                            dimension,
                            0.5f,
                            centroids.address(),
                            groups,
                            to.address());
                    Native.getFloats(to.address(), out[i], count);
                    assertEquals(77f, Native.getFloat(to.address() + count * 4L), "wrote behind");
                }
                assertArrayEquals(out[0], out[1], 1e-5f * dimension);
            }
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void theNearestIsTheNearest(int bits) {
        Random random = new Random(202 + bits);
        CodeKernel simd = kernel(bits);
        for (int dimension : DIMENSIONS) {
            for (int groups : GROUPS) {
                NativeBuffer centroids = floats(random, groups * (1 + dimension) * 16);
                for (int n = 1; n <= 9; n++) {
                    NativeBuffer points = floats(random, n * (dimension + 1));
                    int[][] best = new int[2][n + 1];
                    CodeKernel[] kernels = {new ScalarCodeKernel(), simd};
                    for (int i = 0; i < 2; i++) {
                        best[i][n] = -7;
                        kernels[i].nearest(
                                points.address(),
                                (dimension + 1) * 4L,
                                n,
                                dimension,
                                centroids.address(),
                                groups,
                                best[i]);
                    }
                    assertArrayEquals(best[0], best[1], dimension + " x " + groups);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void ofEqualCentroidsTheFirstIsTaken(int bits) {
        CodeKernel simd = kernel(bits);
        NativeBuffer centroids = new NativeBuffer(CodeKernel.centroidBytes(48, 1));
        Native.clear(centroids.address(), centroids.bytes());
        NativeBuffer point = new NativeBuffer(64);
        int[] best = new int[1];
        for (int first = 0; first < 48; first++) {
            for (int c = 0; c < 48; c++) {
                long at = CodeKernel.centroid(centroids.address(), c, 1);
                Native.putFloat(at, c < first ? CodeKernel.NOBODY : 3f);
            }
            simd.nearest(point.address(), 4, 1, 1, centroids.address(), 3, best);
            assertEquals(first, best[0]);
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void scansAgreeWithTheSpecification(int bits) {
        Random random = new Random(303 + bits);
        CodeKernel simd = kernel(bits);
        for (int columns : COLUMNS) {
            NativeBuffer codes = bytes(random, columns * CodeKernel.BLOCK, 256);
            NativeBuffer tables = bytes(random, columns * 32 + 64, 128);
            NativeBuffer factors = floats(random, 2 * CodeKernel.BLOCK);
            float[][] out = new float[2][CodeKernel.BLOCK];
            long[] below = new long[2];
            CodeKernel[] kernels = {new ScalarCodeKernel(), simd};
            float step = 1f / columns;
            float[] sample = new float[CodeKernel.BLOCK];
            scan(kernels[0], tables, codes, columns, factors, step, 0, sample);
            // Between two estimates, so that rounding does not decide.
            float bound = bound(sample);
            for (int i = 0; i < 2; i++) {
                below[i] = scan(kernels[i], tables, codes, columns, factors, step, bound, out[i]);
            }
            assertArrayEquals(out[0], out[1], 1e-3f, columns + " columns");
            assertEquals(below[0], below[1], columns + " columns");
            assertEquals(CodeKernel.BLOCK / 2, Long.bitCount(below[0]));
        }
    }

    private static float bound(float[] estimates) {
        float[] sorted = estimates.clone();
        Arrays.sort(sorted);
        return (sorted[31] + sorted[32]) / 2;
    }

    private static long scan(
            CodeKernel kernel,
            NativeBuffer tables,
            NativeBuffer codes,
            int columns,
            NativeBuffer factors,
            float step,
            float bound,
            float[] to) {
        NativeBuffer out = new NativeBuffer(CodeKernel.BLOCK * 4L);
        long below =
                kernel.scan(
                        tables.address(),
                        codes.address(),
                        columns,
                        factors.address(),
                        3f,
                        -1f,
                        step,
                        bound,
                        out.address());
        Native.getFloats(out.address(), to, CodeKernel.BLOCK);
        return below;
    }

    private static NativeBuffer floats(Random random, int count) {
        NativeBuffer buffer = new NativeBuffer(count * 4L);
        for (int i = 0; i < count; i++) {
            Native.putFloat(buffer.address() + i * 4L, (float) random.nextGaussian());
        }
        return buffer;
    }

    private static NativeBuffer bytes(Random random, int count, int bound) {
        NativeBuffer buffer = new NativeBuffer(count);
        byte[] values = new byte[count];
        for (int i = 0; i < count; i++) {
            values[i] = (byte) random.nextInt(bound);
        }
        Native.putBytes(buffer.address(), values, 0, count);
        return buffer;
    }
}
