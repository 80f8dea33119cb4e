package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import java.util.Arrays;
import java.util.List;

/** What one kernel computes. */
public record KernelKind(Metric metric, ElementType elements) {
    /** All that there are: four metrics of three kinds of numbers, two of bits. */
    public static List<KernelKind> all() {
        return Arrays.stream(ElementType.values())
                .flatMap(elements ->
                        Arrays.stream(Metric.values())
                                .filter(elements::supports)
                                .map(metric -> new KernelKind(metric, elements)))
                .toList();
    }

    /** What a query consists of: against float16 of float32, else of the same. */
    public ElementType queryElements() {
        return elements == ElementType.FLOAT16 ? ElementType.FLOAT32 : elements;
    }

    /** Whether the kernel reads the vectors' scales, given that of the query. */
    boolean usesScales(float queryScale) {
        return switch (metric) {
            case COSINE, JACCARD -> true;
            case INNER_PRODUCT -> queryScale != 0;
            case L2, L1, HAMMING -> false;
        };
    }

    @Override
    public String toString() {
        return metric + " over " + elements;
    }
}
