package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.ElementType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** A query and a few vectors in native memory, always the same ones, to try kernels on. */
final class SampleVectors {
    private static final int ALIGNMENT = 64;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Keeps the memory alive. */
    private final ByteBuffer memory;

    private final MemorySegment segment;
    private final Random random = new Random(1);
    private final int width;
    private final int stride;
    private final int vectors;
    private final long query;
    private final float queryScale;

    SampleVectors(KernelKind kind, int dimension, int vectors) {
        ElementType elements = kind.elements();
        this.width = Kernel.padded(dimension, elements);
        this.stride = elements.bytes(width);
        this.vectors = vectors;
        int queryBytes = width * Float.BYTES;
        memory =
                ByteBuffer.allocateDirect(
                        queryBytes + vectors * (stride + Float.BYTES) + ALIGNMENT);
        MemorySegment whole = MemorySegment.ofBuffer(memory);
        segment = whole.asSlice(-whole.address() & (ALIGNMENT - 1));
        query = segment.address();
        queryScale = fill(kind.queryElements(), 0, dimension);
        for (int i = 0; i < vectors; i++) {
            float scale = fill(elements, queryBytes + (long) i * stride, dimension);
            segment.set(FLOAT, queryBytes + (long) vectors * stride + i * 4L, scale);
        }
    }

    /** Distances of so many slots, again and again from the first to the last. */
    void score(Kernel kernel, int[] slots, float[] out) {
        long base = query + width * 4L;
        long scales = base + (long) vectors * stride;
        try {
            kernel.score(query, queryScale, base, stride, scales, width, slots, slots.length, out);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** Returns the number of ones, or any scale for other elements. */
    private float fill(ElementType elements, long offset, int dimension) {
        int ones = 0;
        for (int i = 0; i < dimension; i++) {
            float value = random.nextFloat() - 0.5f;
            switch (elements) {
                case FLOAT32 -> segment.set(FLOAT, offset + i * 4L, value);
                case FLOAT16 -> segment.set(SHORT, offset + i * 2L, Float.floatToFloat16(value));
                case INT8 -> segment.set(ValueLayout.JAVA_BYTE, offset + i, (byte) (value * 255));
                case BIT -> {
                    int bit = value > 0 ? 1 : 0;
                    ones += bit;
                    long at = offset + i / 8;
                    int before = segment.get(ValueLayout.JAVA_BYTE, at);
                    segment.set(ValueLayout.JAVA_BYTE, at, (byte) (before | bit << (i & 7)));
                }
            }
        }
        return elements == ElementType.BIT ? ones : 0.7f;
    }
}
