package io.annexdb.sidecar.kernel;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The kernels for codes of bits and bytes, of the same register width as those for vectors. */
public final class BitKernels {
    private static final Map<Integer, BitKernel> BITS = new ConcurrentHashMap<>();

    private BitKernels() {}

    /** Estimates from codes with so many bytes of bits. */
    public static BitKernel bits(int bitBytes) {
        return BITS.computeIfAbsent(bitBytes, bytes -> bits(width(), bytes));
    }

    /** Estimates from codes of one byte per element. */
    public static ByteKernel bytes() {
        return Chosen.BYTES;
    }

    /** Rotations for binary codes. */
    public static RotationKernel rotation() {
        return Chosen.ROTATION;
    }

    /** One of a register width in bits, 0 for scalar: for tests and benchmarks. */
    public static BitKernel bits(int width, int bitBytes) {
        return width == 0
                ? new ScalarBitKernel(bitBytes)
                : SimdTemplate.load(BitKernel.class, "SimdBitKernel", List.of(width, bitBytes));
    }

    static RotationKernel rotation(int width) {
        return width == 0
                ? new ScalarRotationKernel()
                : SimdTemplate.load(RotationKernel.class, "SimdRotationKernel", List.of(width));
    }

    /** One of a register width in bits, 0 for scalar: for tests and benchmarks. */
    public static ByteKernel bytes(int width) {
        return width == 0
                ? new ScalarByteKernel()
                : SimdTemplate.load(ByteKernel.class, "SimdByteKernel", List.of(width));
    }

    /** Register width in bits; 0 for scalar kernels. */
    private static int width() {
        return switch (Kernels.ofMachine()) {
            case Kernels.Simd simd -> simd.bits();
            case Kernels.Scalar ignored -> 0;
        };
    }

    /** Defers the choice until it is asked for. */
    private static final class Chosen {
        static final RotationKernel ROTATION = rotation(width());
        static final ByteKernel BYTES = bytes(width());
    }
}
