package io.annexdb.sidecar.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Random input for the kernels of codes, of which nothing but the numbers matters. */
record CodeSample(ByteBuffer memory, int elementBytes, long strideBytes) {
    private static final int[] SLOTS = {0, 3, 6, 2, 5, 1, 4};
    private static final int READ_BEHIND_BYTES = 64;
    private static final int ELEMENTS = 384;

    static CodeSample ofBits(int bitBytes) {
        int planes = BitKernel.PLANES * BitKernel.planeBytes(bitBytes);
        CodeSample sample = fill(BitKernel.PLANES_AT + planes, bitBytes, BitKernel.FACTOR_BYTES);
        for (int plane = 0; plane < BitKernel.PLANES; plane++) {
            long padding = sample.prepared() + BitKernel.PLANES_AT;
            padding += (long) plane * BitKernel.planeBytes(bitBytes);
            for (int at = bitBytes; at < BitKernel.planeBytes(bitBytes); at += 8) {
                KernelMemory.putLong(padding + at, 0);
            }
        }
        return sample;
    }

    private static CodeSample fill(int preparedBytes, int elementBytes, int factorBytes) {
        int stride = elementBytes + factorBytes;
        int bytes = preparedBytes + SLOTS.length * stride + READ_BEHIND_BYTES;
        CodeSample sample =
                new CodeSample(ByteBuffer.allocateDirect(bytes + 64), elementBytes, stride);
        Random random = new Random(3);
        for (int at = 0; at < preparedBytes; at += 4) {
            putFloat(sample.prepared() + at, random.nextFloat() - 0.5f);
        }
        for (int slot = 0; slot < SLOTS.length; slot++) {
            long code = sample.codes(preparedBytes) + (long) slot * stride;
            for (int at = 0; at < elementBytes; at += 8) {
                KernelMemory.putLong(code + at, random.nextLong());
            }
            for (int at = elementBytes; at < stride; at += 4) {
                putFloat(code + at, random.nextFloat() - 0.5f);
            }
        }
        return sample;
    }

    private static void putFloat(long address, float value) {
        KernelMemory.putFloat(address, value);
    }

    private long prepared() {
        return (MemorySegment.ofBuffer(memory).address() + 63) / 64 * 64;
    }

    private long codes(int preparedBytes) {
        return prepared() + preparedBytes;
    }

    float[] score(BitKernel kernel) {
        float[] out = new float[SLOTS.length];
        int planes = BitKernel.PLANES * BitKernel.planeBytes(elementBytes);
        try {
            kernel.score(
                    prepared(),
                    codes(BitKernel.PLANES_AT + planes),
                    strideBytes,
                    SLOTS,
                    SLOTS.length,
                    out);
        } finally {
            Reference.reachabilityFence(memory);
        }
        return out;
    }

    static float[] scoreBytes(ByteKernel kernel) {
        int preparedBytes = ByteKernel.WEIGHTS_AT + 4 * ELEMENTS;
        CodeSample sample = fill(preparedBytes, ELEMENTS, ByteKernel.FACTOR_BYTES);
        float[] out = new float[SLOTS.length];
        try {
            kernel.score(
                    sample.prepared(),
                    sample.codes(preparedBytes),
                    sample.strideBytes,
                    ELEMENTS,
                    SLOTS,
                    SLOTS.length,
                    out);
        } finally {
            Reference.reachabilityFence(sample.memory);
        }
        return out;
    }

    static float[] rotate(RotationKernel kernel) {
        Random random = new Random(4);
        float[] rotated = new float[ELEMENTS];
        float[] signs = new float[2 * ELEMENTS];
        for (int i = 0; i < rotated.length; i++) {
            rotated[i] = random.nextFloat() - 0.5f;
        }
        for (int i = 0; i < signs.length; i++) {
            signs[i] = (random.nextBoolean() ? 1 : -1) / 16f;
        }
        kernel.rotate(rotated, signs, 2);
        float[] out = Arrays.copyOf(rotated, ELEMENTS + 3);
        out[ELEMENTS] = kernel.product(rotated, rotated);
        out[ELEMENTS + 1] = kernel.least(rotated);
        out[ELEMENTS + 2] = kernel.most(rotated);
        return out;
    }
}
