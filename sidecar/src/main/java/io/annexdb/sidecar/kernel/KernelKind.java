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

    @Override
    public String toString() {
        return metric + " over " + elements;
    }
}
