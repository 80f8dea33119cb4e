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
                                        + (float)
                                                        ExactDistance.between(
                                                                Metric.INNER_PRODUCT,
                                                                query,
                                                                vector,
                                                                floats)
                                                * queryScale
                                                * ALL.get(FLOAT, scales + slots[i] * 4L);
                        case L2 -> {
                            double distance =
                                    ExactDistance.between(Metric.L2, query, vector, floats);
                            yield (float) (distance * distance);
                        }
                        case INNER_PRODUCT, L1 ->
                                (float) ExactDistance.between(metric, query, vector, floats);
                    };
        }
    }
}
