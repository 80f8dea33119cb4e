package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

/**
 * {@link ExactDistance} of many vectors from one query, the same to the last bit. A sum in order is
 * a chain of additions that wait for each other; so four vectors are summed side by side, which
 * takes the time of one.
 */
public final class ExactDistances {

    private ExactDistances() {}

    /**
     * Distances in the metric's unit, one for each vector.
     *
     * @param query address of the query
     * @param vectors addresses of the vectors
     * @param dimension number of elements of each
     */
    public static double[] between(
            Metric metric, ElementType elements, long query, long[] vectors, int dimension) {
        double[] distances = new double[vectors.length];
        int done = 0;
        if (elements == ElementType.FLOAT32 && metric != Metric.L1) {
            for (; done + 4 <= vectors.length; done += 4) {
                four(metric, query, vectors, done, dimension, distances);
            }
        }
        for (; done < vectors.length; done++) {
            distances[done] =
                    ExactDistance.between(metric, elements, query, vectors[done], dimension);
        }
        return distances;
    }

    private static void four(
            Metric metric, long query, long[] vectors, int first, int dimension, double[] out) {
        long a = vectors[first];
        long b = vectors[first + 1];
        long c = vectors[first + 2];
        long d = vectors[first + 3];
        switch (metric) {
            case COSINE -> cosine(query, a, b, c, d, dimension, out, first);
            case L2 -> squares(query, a, b, c, d, dimension, out, first);
            case INNER_PRODUCT -> product(query, a, b, c, d, dimension, out, first);
            case L1, HAMMING, JACCARD -> throw new IllegalArgumentException(metric.toString());
        }
    }

    private static void cosine(
            long query, long a, long b, long c, long d, int dimension, double[] out, int first) {
        double ones = 0;
        double productA = 0;
        double productB = 0;
        double productC = 0;
        double productD = 0;
        double squareA = 0;
        double squareB = 0;
        double squareC = 0;
        double squareD = 0;
        for (long at = 0; at < dimension * 4L; at += 4) {
            double q = getFloat(query + at);
            double ofA = getFloat(a + at);
            double ofB = getFloat(b + at);
            double ofC = getFloat(c + at);
            double ofD = getFloat(d + at);
            ones += q * q;
            productA += q * ofA;
            productB += q * ofB;
            productC += q * ofC;
            productD += q * ofD;
            squareA += ofA * ofA;
            squareB += ofB * ofB;
            squareC += ofC * ofC;
            squareD += ofD * ofD;
        }
        out[first] = ExactDistance.cosine(productA, ones, squareA);
        out[first + 1] = ExactDistance.cosine(productB, ones, squareB);
        out[first + 2] = ExactDistance.cosine(productC, ones, squareC);
        out[first + 3] = ExactDistance.cosine(productD, ones, squareD);
    }

    private static void squares(
            long query, long a, long b, long c, long d, int dimension, double[] out, int first) {
        double sumA = 0;
        double sumB = 0;
        double sumC = 0;
        double sumD = 0;
        for (long at = 0; at < dimension * 4L; at += 4) {
            double q = getFloat(query + at);
            double toA = q - getFloat(a + at);
            double toB = q - getFloat(b + at);
            double toC = q - getFloat(c + at);
            double toD = q - getFloat(d + at);
            sumA += toA * toA;
            sumB += toB * toB;
            sumC += toC * toC;
            sumD += toD * toD;
        }
        out[first] = Math.sqrt(sumA);
        out[first + 1] = Math.sqrt(sumB);
        out[first + 2] = Math.sqrt(sumC);
        out[first + 3] = Math.sqrt(sumD);
    }

    private static void product(
            long query, long a, long b, long c, long d, int dimension, double[] out, int first) {
        double sumA = 0;
        double sumB = 0;
        double sumC = 0;
        double sumD = 0;
        for (long at = 0; at < dimension * 4L; at += 4) {
            double q = getFloat(query + at);
            sumA += q * getFloat(a + at);
            sumB += q * getFloat(b + at);
            sumC += q * getFloat(c + at);
            sumD += q * getFloat(d + at);
        }
        out[first] = -sumA;
        out[first + 1] = -sumB;
        out[first + 2] = -sumC;
        out[first + 3] = -sumD;
    }
}
