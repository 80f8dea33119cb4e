package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;

/** Distances in double precision, written as they are defined: the judge of all engines. */
public final class ExactDistance {
    private ExactDistance() {}

    /** The distance under a metric; smaller is nearer. Under cosine, vectors have unit length. */
    public static double of(Metric metric, float[] a, float[] b) {
        return switch (metric) {
            case COSINE -> 1 - dot(a, b);
            case INNER_PRODUCT -> -dot(a, b);
            case L2 -> Math.sqrt(squares(a, b));
            case L1, HAMMING, JACCARD -> throw notMeasured(metric);
        };
    }

    /** The error for a metric that not all engines have. */
    public static AnnexException notMeasured(Metric metric) {
        return new AnnexException(
                ErrorCode.FEATURE_NOT_SUPPORTED,
                "the benchmark does not measure metric " + metric.sqlName(),
                "Use cosine, l2 or ip, which all engines know.");
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    private static double squares(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = (double) a[i] - b[i];
            sum += difference * difference;
        }
        return sum;
    }
}
