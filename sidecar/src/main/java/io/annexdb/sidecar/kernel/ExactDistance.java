package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;
import static io.annexdb.sidecar.kernel.KernelMemory.getShort;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

/**
 * The specification of every metric: plain Java, double precision, summed from the first element to
 * the last, as {@code sum()} in SQL does. Answers carry these distances; kernels only order.
 */
public final class ExactDistance {

    private ExactDistance() {}

    /**
     * The distance in the metric's unit.
     *
     * @param elements of the vector; the query has the same, but against float16 it has float32
     * @param query address of the query
     * @param vector address of the vector
     * @param dimension number of elements of both
     */
    public static double between(
            Metric metric, ElementType elements, long query, long vector, int dimension) {
        return switch (elements) {
            case FLOAT32 -> floats(metric, query, vector, false, dimension);
            case FLOAT16 -> floats(metric, query, vector, true, dimension);
            case INT8 -> ExactByteDistance.between(metric, query, vector, dimension);
            case BIT -> ExactBitDistance.between(metric, query, vector, dimension);
        };
    }

    /** ‖v‖ of the float32 vector at that address. */
    public static double norm(long vector, int dimension) {
        return Math.sqrt(product(vector, vector, false, dimension));
    }

    private static double floats(
            Metric metric, long query, long vector, boolean half, int dimension) {
        return switch (metric) {
            case COSINE -> cosine(query, vector, half, dimension);
            case L2 -> Math.sqrt(squares(query, vector, half, dimension));
            case INNER_PRODUCT -> -product(query, vector, half, dimension);
            case L1 -> differences(query, vector, half, dimension);
            case HAMMING, JACCARD -> throw new IllegalArgumentException(metric + " of floats");
        };
    }

    /** 1 − cos, from the product and the squares of both lengths. */
    static double cosine(double product, double ones, double others) {
        double similarity = product / Math.sqrt(ones * others);
        return 1 - Math.max(-1, Math.min(1, similarity));
    }

    private static double cosine(long query, long vector, boolean half, int dimension) {
        double product = 0;
        double ones = 0;
        double others = 0;
        for (long i = 0; i < dimension; i++) {
            double a = getFloat(query + i * 4);
            double b = element(vector, half, i);
            product += a * b;
            ones += a * a;
            others += b * b;
        }
        return cosine(product, ones, others);
    }

    private static double squares(long query, long vector, boolean half, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            double difference = getFloat(query + i * 4) - element(vector, half, i);
            sum += difference * difference;
        }
        return sum;
    }

    private static double product(long query, long vector, boolean half, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum += getFloat(query + i * 4) * element(vector, half, i);
        }
        return sum;
    }

    private static double differences(long query, long vector, boolean half, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum += Math.abs(getFloat(query + i * 4) - element(vector, half, i));
        }
        return sum;
    }

    private static double element(long vector, boolean half, long i) {
        return half ? Float.float16ToFloat(getShort(vector + i * 2)) : getFloat(vector + i * 4);
    }
}
