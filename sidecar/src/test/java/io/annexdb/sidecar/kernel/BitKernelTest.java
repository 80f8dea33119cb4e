package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Random;
import java.util.stream.IntStream;

/** Kernels for binary codes at every register width against their scalar specification. */
class BitKernelTest {
    private static final int CODES = 9;

    static IntStream widths() {
        return IntStream.of(128, 256, 512)
                .filter(bits -> bits <= FloatVector.SPECIES_PREFERRED.vectorBitSize());
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void estimatesAgreeWithTheSpecification(int width) {
        Random random = new Random(17L + width);
        for (int bitBytes : new int[] {8, 16, 40, 48, 64, 72, 128, 192, 512, 520, 2000}) {
            int prepared = BitKernel.PLANES_AT + 4 * BitKernel.planeBytes(bitBytes);
            long stride = (long) bitBytes + BitKernel.FACTOR_BYTES;
            try (Slab query = new Slab(new MemoryBudget(1 << 26), "test", prepared, 1);
                    Slab codes = new Slab(new MemoryBudget(1 << 26), "test", stride, 64)) {
                query.ensure(1);
                codes.ensure(CODES + 64 / stride + 1);
                fill(query.base(), bitBytes, codes, random);
                int[] slots = random.ints(CODES, 0, CODES).toArray();
                for (int n = 1; n <= CODES; n++) {
                    float[] expected = new float[n];
                    float[] actual = new float[n];
                    BitKernels.bits(0, bitBytes)
                            .score(query.base(), codes.base(), stride, slots, n, expected);
                    BitKernels.bits(width, bitBytes)
                            .score(query.base(), codes.base(), stride, slots, n, actual);
                    assertArrayEquals(expected, actual, bitBytes + " bytes, " + n + " codes");
                }
            }
        }
    }

    private static void fill(long query, int bitBytes, Slab codes, Random random) {
        for (int i = 0; i < 5; i++) {
            Native.putFloat(query + i * 4L, (float) random.nextGaussian());
        }
        for (int plane = 0; plane < 4; plane++) {
            long at = query + BitKernel.PLANES_AT + (long) plane * BitKernel.planeBytes(bitBytes);
            for (int i = 0; i < bitBytes; i += 8) {
                // All ones, too: the largest sum must fit.
                Native.putLong(at + i, random.nextInt(4) == 0 ? random.nextLong() : -1L);
            }
        }
        for (int slot = 0; slot < CODES; slot++) {
            for (int i = 0; i < bitBytes; i += 8) {
                Native.putLong(codes.address(slot) + i, slot == 0 ? -1L : random.nextLong());
            }
            for (int i = 0; i < 4; i++) {
                Native.putFloat(
                        codes.address(slot) + bitBytes + i * 4L, (float) random.nextGaussian());
            }
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void bytesAgreeWithTheSpecification(int width) {
        Random random = new Random(29L + width);
        for (int bytes : new int[] {16, 32, 48, 112, 384, 1008, 1536}) {
            long stride = (long) bytes + ByteKernel.FACTOR_BYTES;
            try (Slab query = new Slab(new MemoryBudget(1 << 26), "test", 64 + bytes * 4L, 1);
                    Slab codes = new Slab(new MemoryBudget(1 << 26), "test", stride, 64)) {
                query.ensure(1);
                codes.ensure(CODES + 64 / stride + 1);
                for (int i = 0; i < bytes + 16; i++) {
                    Native.putFloat(query.base() + i * 4L, (float) random.nextGaussian());
                }
                for (int slot = 0; slot < CODES; slot++) {
                    byte[] code = new byte[bytes];
                    random.nextBytes(code);
                    Native.putBytes(codes.address(slot), code, 0, bytes);
                    Native.putFloat(codes.address(slot) + bytes, random.nextFloat());
                    Native.putFloat(codes.address(slot) + bytes + 4, random.nextFloat());
                }
                int[] slots = random.ints(CODES, 0, CODES).toArray();
                for (int n = 1; n <= CODES; n++) {
                    float[] expected = new float[n];
                    float[] actual = new float[n];
                    BitKernels.bytes(0)
                            .score(query.base(), codes.base(), stride, bytes, slots, n, expected);
                    BitKernels.bytes(width)
                            .score(query.base(), codes.base(), stride, bytes, slots, n, actual);
                    assertArrayEquals(expected, actual, 0.01f, bytes + " bytes, " + n + " codes");
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void rotationsAgreeWithTheSpecification(int width) {
        Random random = new Random(23L + width);
        RotationKernel scalar = BitKernels.rotation(0);
        RotationKernel simd = BitKernels.rotation(width);
        for (int length : new int[] {64, 128, 192, 384, 832, 1024, 1536}) {
            float[] signs = new float[4 * length];
            float factor = (float) (1 / Math.sqrt(RotationKernel.block(length)));
            for (int i = 0; i < signs.length; i++) {
                signs[i] = random.nextBoolean() ? factor : -factor;
            }
            float[] expected = new float[length];
            for (int i = 0; i < length; i++) {
                expected[i] = (float) random.nextGaussian();
            }
            float[] actual = expected.clone();
            scalar.rotate(expected, signs, 4);
            simd.rotate(actual, signs, 4);
            assertArrayEquals(expected, actual, 1e-4f, length + " elements");
            assertEquals(scalar.least(expected), simd.least(expected));
            assertEquals(scalar.most(expected), simd.most(expected));
            assertEquals(scalar.product(expected, signs), simd.product(expected, signs), 1e-3f);
            compareBits(scalar, simd, expected);
        }
    }

    private static void compareBits(RotationKernel scalar, RotationKernel simd, float[] x) {
        int planeBytes = BitKernel.planeBytes(x.length / 8);
        try (Slab memory = new Slab(new MemoryBudget(1 << 26), "test", 5L * planeBytes, 2)) {
            memory.ensure(2);
            assertEquals(
                    scalar.signBits(x, memory.address(0)),
                    simd.signBits(x, memory.address(1)),
                    1e-3f * x.length);
            float low = scalar.least(x);
            float inverseStep = 15 / (scalar.most(x) - low);
            int levels =
                    scalar.levels(x, low, inverseStep, memory.address(0) + planeBytes, planeBytes);
            assertEquals(
                    levels,
                    simd.levels(x, low, inverseStep, memory.address(1) + planeBytes, planeBytes));
            for (long at = 0; at < 5L * planeBytes; at += 8) {
                assertEquals(
                        Native.getLong(memory.address(0) + at),
                        Native.getLong(memory.address(1) + at),
                        "bits at " + at);
            }
        }
    }
}
