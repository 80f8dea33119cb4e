package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getByte;

import io.annexdb.sidecar.model.Metric;

/** The specification of metrics of signed bytes: sums are integers, and exact. */
final class ExactByteDistance {

    private ExactByteDistance() {}

    static double between(Metric metric, long query, long vector, int dimension) {
        return switch (metric) {
            case COSINE ->
                    ExactDistance.cosine(
                            product(query, vector, dimension),
                            product(query, query, dimension),
                            product(vector, vector, dimension));
            case L2 -> Math.sqrt(squares(query, vector, dimension));
            case INNER_PRODUCT -> -product(query, vector, dimension);
            case L1 -> differences(query, vector, dimension);
            case HAMMING, JACCARD -> throw new IllegalArgumentException(metric + " of bytes");
        };
    }

    private static double product(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum += element(one + i) * element(other + i);
        }
        return sum;
    }

    private static double squares(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            double difference = element(one + i) - element(other + i);
            sum += difference * difference;
        }
        return sum;
    }

    private static double differences(long one, long other, int dimension) {
        double sum = 0;
        for (long i = 0; i < dimension; i++) {
            sum += Math.abs(element(one + i) - element(other + i));
        }
        return sum;
    }

    private static double element(long address) {
        return getByte(address);
    }
}
