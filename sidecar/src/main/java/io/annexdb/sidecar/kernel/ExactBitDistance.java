package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getLong;

import io.annexdb.sidecar.model.Metric;

/**
 * The specification of metrics of bits. Behind the dimension, bits are zero, so that whole words
 * are counted.
 */
final class ExactBitDistance {

    private ExactBitDistance() {}

    static double between(Metric metric, long query, long vector, int dimension) {
        return switch (metric) {
            case HAMMING -> different(query, vector, dimension);
            case JACCARD -> jaccard(query, vector, dimension);
            case COSINE, L2, INNER_PRODUCT, L1 ->
                    throw new IllegalArgumentException(metric + " of bits");
        };
    }

    private static int different(long one, long other, int dimension) {
        int count = 0;
        for (long at = 0; at * 8 < dimension; at += 8) {
            count += Long.bitCount(getLong(one + at) ^ getLong(other + at));
        }
        return count;
    }

    private static double jaccard(long one, long other, int dimension) {
        int both = 0;
        int either = 0;
        for (long at = 0; at * 8 < dimension; at += 8) {
            long a = getLong(one + at);
            long b = getLong(other + at);
            both += Long.bitCount(a & b);
            either += Long.bitCount(a | b);
        }
        return both == 0 ? 1 : 1 - both / (double) either;
    }
}
