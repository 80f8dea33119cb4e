package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel of codes that computes anything else than the scalar one is not used. */
class BitKernelsTest {
    @ParameterizedTest
    @ValueSource(ints = {32, 48, 64, 128, 256, 600})
    void ofAllWidthsPass(int bitBytes) {
        for (int width : new int[] {128, 256, 512}) {
            BitKernel kernel = BitKernels.bits(width, bitBytes);
            assertSame(kernel, testedBits(kernel, bitBytes), width + " bits");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void bytesAndRotationsPass(int width) {
        float[] expected = CodeSample.scoreBytes(BitKernels.bytes(0));
        assertArrayEquals(expected, CodeSample.scoreBytes(BitKernels.bytes(width)), 1e-4f);
        float[] rotated = CodeSample.rotate(BitKernels.rotation(0));
        assertArrayEquals(rotated, CodeSample.rotate(BitKernels.rotation(width)), 1e-4f);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 6})
    void whatDiffersInOneCodeIsRefused(int place) {
        BitKernel sound = BitKernels.bits(512, 48);
        BitKernel broken =
                (prepared, codes, stride, slots, n, out) -> {
                    sound.score(prepared, codes, stride, slots, n, out);
                    out[place] += 0.01f * (1 + Math.abs(out[place]));
                };
        assertInstanceOf(ScalarBitKernel.class, testedBits(broken, 48));
    }

    private static BitKernel testedBits(BitKernel kernel, int bitBytes) {
        return BitKernels.tested(
                "bits",
                kernel,
                BitKernels.bits(0, bitBytes),
                each -> CodeSample.ofBits(bitBytes).score(each));
    }
}
