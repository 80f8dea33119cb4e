package io.annexdb.benchmarks.ann;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** All measurements of one engine: for every ef one of each pass. */
final class Curve {
    private final List<Integer> efs;
    private final List<Measured> measurements = new ArrayList<>();

    Curve(List<Integer> efs) {
        this.efs = List.copyOf(efs);
    }

    void add(Measured measured) {
        measurements.add(measured);
    }

    List<Integer> efs() {
        return efs;
    }

    int passes() {
        return measurements.size() / efs.size();
    }

    /** The medians of every ef, ascending. */
    List<Measured> medians() {
        return efs.stream()
                .map(ef ->
                        new Measured(
                                ef,
                                spread(ef, Measured::recall).median(),
                                spread(ef, Measured::qps).median(),
                                spread(ef, Measured::cpuQps).median(),
                                spread(ef, Measured::p50Micros).median(),
                                spread(ef, Measured::p99Micros).median(),
                                spread(ef, Measured::writtenPerSecond).median()))
                .toList();
    }

    /** How one figure varies between the passes. */
    Spread spread(int ef, ToDoubleFunction<Measured> figure) {
        return Spread.of(
                measurements.stream()
                        .filter(measured -> measured.ef() == ef)
                        .mapToDouble(figure)
                        .toArray());
    }

    /** The measurements of one pass, by ascending ef. */
    List<Measured> pass(int pass) {
        return measurements.subList(pass * efs.size(), (pass + 1) * efs.size());
    }

    /**
     * Queries per second at a recall, in each pass; empty when a pass does not reach the recall.
     */
    Optional<double[]> atRecall(double recall, ToDoubleFunction<Measured> figure) {
        double[] qps = new double[passes()];
        for (int pass = 0; pass < qps.length; pass++) {
            Optional<InterpolateQps.AtRecall> at = InterpolateQps.run(pass(pass), recall, figure);
            if (at.isEmpty()) {
                return Optional.empty();
            }
            qps[pass] = at.get().qps();
        }
        return Optional.of(qps);
    }

    /**
     * This curve's queries per second at a recall by those of another, in each pass: within a pass
     * two engines' points are seconds apart, so their ratio is steadier than they. Empty when
     * either does not reach the recall, or cannot tell.
     */
    Optional<double[]> ratios(Curve other, double recall, ToDoubleFunction<Measured> figure) {
        Optional<double[]> above = atRecall(recall, figure);
        Optional<double[]> below = other.atRecall(recall, figure);
        if (above.isEmpty() || below.isEmpty()) {
            return Optional.empty();
        }
        double[] ratios = new double[above.get().length];
        for (int pass = 0; pass < ratios.length; pass++) {
            ratios[pass] = above.get()[pass] / below.get()[pass];
        }
        return Optional.of(ratios);
    }
}
