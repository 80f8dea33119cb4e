package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The specification of every metric: plain Java, double precision, summed from the first element to
 * the last, as {@code sum()} in SQL does. Answers carry these distances; kernels only order.
 */
public final class ExactDistance {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ExactDistance() {}

    /**
     * The distance in the metric's unit.
     *
     * @param query address of the one vector
     * @param vector address of the other
     * @param dimension number of elements of both
     */
    public static double between(Metric metric, long query, long vector, int dimension) {
        return switch (metric) {
            case COSINE -> cosine(query, vector, dimension);
            case L2 -> Math.sqrt(squares(query, vector, dimension));
            case INNER_PRODUCT -> -product(query, vector, dimension);
            case L1 -> differences(query, vector, dimension);
        };
    }

    /** ‖v‖ of the vector at that address. */
    public static double norm(long vector, int dimension) {
        return Math.sqrt(product(vector, vector, dimension));
    }

    private static double cosine(long one, long other, int dimension) {
        double product = 0;
        double ones = 0;
        double others = 0;
        for (long i = 0; i < dimension; i++) {
            double a = ALL.get(FLOAT, one + i * 4);
            double b = ALL.get(FLOAT, other + i * 4);
            product += a * b;
            ones += a * a;
            others += b * b;
        }
        double similarity = product / Math.sqrt(ones * others);
        return 1 - Math.max(-1, Math.min(1, similarity));
    }

    private static double squares(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            double difference =
                    (double) ALL.get(FLOAT, one + i * 4) - (double) ALL.get(FLOAT, other + i * 4);
            sum += difference * difference;
        }
        return sum;
    }

    private static double product(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum += (double) ALL.get(FLOAT, one + i * 4) * ALL.get(FLOAT, other + i * 4);
        }
        return sum;
    }

    private static double differences(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum +=
                    Math.abs(
                            (double) ALL.get(FLOAT, one + i * 4)
                                    - (double) ALL.get(FLOAT, other + i * 4));
        }
        return sum;
    }
}
