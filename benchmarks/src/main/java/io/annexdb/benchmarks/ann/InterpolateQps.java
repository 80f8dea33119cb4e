package io.annexdb.benchmarks.ann;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Queries per second at a given recall, between the points measured: on the upper envelope (points
 * that no other beats in both), the logarithm of the queries per second linear in the recall.
 */
final class InterpolateQps {
    private InterpolateQps() {}

    /** Empty when no point has that recall or more. */
    static Optional<AtRecall> run(
            List<Measured> points, double recall, ToDoubleFunction<Measured> qps) {
        List<Measured> envelope = envelope(points, qps);
        Measured above = null;
        for (Measured point : envelope) {
            if (point.recall() < recall) {
                return above == null
                        ? Optional.empty()
                        : Optional.of(new AtRecall(between(point, above, recall, qps), false));
            }
            above = point;
        }
        return above == null
                ? Optional.empty()
                : Optional.of(new AtRecall(qps.applyAsDouble(above), true));
    }

    /** By falling recall, and so by rising queries per second. */
    static List<Measured> envelope(List<Measured> points, ToDoubleFunction<Measured> qps) {
        List<Measured> envelope = new ArrayList<>();
        double most = 0;
        for (Measured point :
                points.stream()
                        .sorted(
                                Comparator.comparingDouble(Measured::recall)
                                        .thenComparingDouble(qps)
                                        .reversed())
                        .toList()) {
            if (qps.applyAsDouble(point) > most) {
                envelope.add(point);
                most = qps.applyAsDouble(point);
            }
        }
        return envelope;
    }

    private static double between(
            Measured below, Measured above, double recall, ToDoubleFunction<Measured> qps) {
        double share = (recall - below.recall()) / (above.recall() - below.recall());
        return Math.exp(
                Math.log(qps.applyAsDouble(below)) * (1 - share)
                        + Math.log(qps.applyAsDouble(above)) * share);
    }

    /**
     * What is known at a recall.
     *
     * @param qps queries per second
     * @param atLeast whether all points have more recall, so that this is a lower bound
     */
    record AtRecall(double qps, boolean atLeast) {}
}
