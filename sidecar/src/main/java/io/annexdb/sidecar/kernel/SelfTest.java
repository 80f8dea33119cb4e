package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Random;

/** Compares a kernel with the scalar one, at the start of every sidecar. */
final class SelfTest {
    private static final int VECTORS = 7;
    private static final int[] FLOATS = {16, 48, 384};

    private SelfTest() {}

    /**
     * @throws IllegalStateException if the kernel computes anything else
     */
    static void check(Metric metric, Kernel kernel) {
        Random random = new Random(1);
        for (int floats : FLOATS) {
            ByteBuffer memory = ByteBuffer.allocateDirect((VECTORS + 1) * (floats + 1) * 4);
            MemorySegment segment = MemorySegment.ofBuffer(memory);
            for (long at = 0; at < segment.byteSize(); at += 4) {
                segment.set(ValueLayout.JAVA_FLOAT, at, random.nextFloat() - 0.5f);
            }
            try {
                compare(metric, kernel, segment.address(), floats);
            } finally {
                Reference.reachabilityFence(memory);
            }
        }
    }

    private static void compare(Metric metric, Kernel kernel, long query, int floats) {
        long base = query + floats * 4L;
        long scales = base + (long) VECTORS * floats * 4;
        int[] slots = new int[VECTORS];
        for (int i = 0; i < VECTORS; i++) {
            slots[i] = (i * 3) % VECTORS;
        }
        float[] expected = new float[VECTORS];
        float[] actual = new float[VECTORS];
        long stride = floats * 4L;
        new ScalarKernel(metric)
                .score(query, 0.7f, base, stride, scales, floats, slots, VECTORS, expected);
        kernel.score(query, 0.7f, base, stride, scales, floats, slots, VECTORS, actual);
        for (int i = 0; i < VECTORS; i++) {
            if (!(Math.abs(expected[i] - actual[i]) <= 1e-4f * (1 + Math.abs(expected[i])))) {
                throw new IllegalStateException(
                        "%s over %d floats gives %s, the specification says %s"
                                .formatted(metric, floats, actual[i], expected[i]));
            }
        }
    }
}
