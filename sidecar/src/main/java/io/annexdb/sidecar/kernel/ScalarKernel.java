package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The kernel without SIMD, over {@link ExactDistance}: slow, right everywhere. */
final class ScalarKernel implements Kernel {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Metric metric;

    ScalarKernel(Metric metric) {
        this.metric = metric;
    }

    @Override
    public void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int floats,
            int[] slots,
            int n,
            float[] out) {
        for (int i = 0; i < n; i++) {
            long vector = base + slots[i] * stride;
            out[i] =
                    switch (metric) {
                        case COSINE ->
                                1f
                                        - product(query, vector, floats)
                                                * queryScale
                                                * scale(scales, slots[i]);
                        case L2 -> {
                            double distance =
                                    ExactDistance.between(Metric.L2, query, vector, floats);
                            yield (float) (distance * distance);
                        }
                        case INNER_PRODUCT ->
                                -product(query, vector, floats)
                                        - (queryScale == 0
                                                ? 0
                                                : queryScale * scale(scales, slots[i]));
                        case L1 -> (float) ExactDistance.between(Metric.L1, query, vector, floats);
                    };
        }
    }

    private static float product(long query, long vector, int floats) {
        return (float) -ExactDistance.between(Metric.INNER_PRODUCT, query, vector, floats);
    }

    private static float scale(long scales, int slot) {
        return ALL.get(FLOAT, scales + slot * 4L);
    }
}
