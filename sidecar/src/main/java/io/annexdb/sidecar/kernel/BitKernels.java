package io.annexdb.sidecar.kernel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The kernels for codes of bits and bytes, of the same register width as those for vectors. */
public final class BitKernels {
    private static final Logger LOG = LoggerFactory.getLogger(BitKernels.class);
    private static final Map<Integer, BitKernel> BITS = new ConcurrentHashMap<>();

    private BitKernels() {}

    /** Estimates from codes with so many bytes of bits. */
    public static BitKernel bits(int bitBytes) {
        return CheckedCodes.ifWanted(chosen(bitBytes), bitBytes);
    }

    private static BitKernel chosen(int bitBytes) {
        return BITS.computeIfAbsent(
                bitBytes,
                bytes ->
                        tested(
                                "codes of %d bytes of bits".formatted(bytes),
                                bits(width(), bytes),
                                bits(0, bytes),
                                kernel -> CodeSample.ofBits(bytes).score(kernel)));
    }

    /** Estimates from codes of one byte per element. */
    public static ByteKernel bytes() {
        return CheckedCodes.ifWanted(Chosen.BYTES);
    }

    /** Whether codes of one byte per element are read with SIMD. */
    public static boolean bytesAreSimd() {
        return !(Chosen.BYTES instanceof ScalarByteKernel);
    }

    /** Whether codes of bits are read with SIMD, of every length that was asked for so far. */
    public static boolean bitsAreSimd() {
        return width() > 0 && BITS.values().stream().noneMatch(ScalarBitKernel.class::isInstance);
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

    /** The kernel if it computes what the scalar one does, which the log is told of otherwise. */
    static <K> K tested(String what, K kernel, K scalar, Function<K, float[]> sample) {
        float[] expected = sample.apply(scalar);
        float[] actual = sample.apply(kernel);
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(expected[i] - actual[i]) <= 1e-4f * (1 + Math.abs(expected[i])))) {
                LOG.error(
                        "kernel for {} with SIMD is REFUSED, the scalar one is used, which is some"
                                + " ten times slower: it gives {}, the specification says {}",
                        what,
                        actual[i],
                        expected[i]);
                return scalar;
            }
        }
        return kernel;
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
        static final RotationKernel ROTATION =
                tested("rotations", rotation(width()), rotation(0), CodeSample::rotate);
        static final ByteKernel BYTES =
                tested("codes of bytes", bytes(width()), bytes(0), CodeSample::scoreBytes);
    }
}
