package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

/** The kernel without SIMD, over {@link ExactDistance}: slow, right everywhere. */
final class ScalarKernel implements Kernel {

    private final Metric metric;
    private final ElementType elements;

    ScalarKernel(Metric metric, ElementType elements) {
        this.metric = metric;
        this.elements = elements;
    }

    @Override
    public void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int width,
            int[] slots,
            int n,
            float[] out) {
        for (int i = 0; i < n; i++) {
            long vector = base + slots[i] * stride;
            out[i] =
                    switch (metric) {
                        case COSINE ->
                                1f
                                        - product(query, vector, width)
                                                * queryScale
                                                * scale(scales, slots[i]);
                        case INNER_PRODUCT ->
                                -product(query, vector, width)
                                        - (queryScale == 0
                                                ? 0
                                                : queryScale * scale(scales, slots[i]));
                        case L2 -> {
                            double distance = exact(query, vector, width);
                            yield (float) (distance * distance);
                        }
                        case L1, HAMMING, JACCARD -> (float) exact(query, vector, width);
                    };
        }
    }

    private double exact(long query, long vector, int width) {
        return ExactDistance.between(metric, elements, query, vector, width);
    }

    private float product(long query, long vector, int width) {
        return (float) -ExactDistance.between(Metric.INNER_PRODUCT, elements, query, vector, width);
    }

    private static float scale(long scales, int slot) {
        return getFloat(scales + slot * 4L);
    }
}
