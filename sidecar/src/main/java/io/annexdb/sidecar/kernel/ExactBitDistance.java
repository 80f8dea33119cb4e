package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The specification of metrics of bits. Behind the dimension, bits are zero, so that whole words
 * are counted.
 */
final class ExactBitDistance {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

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
            count += Long.bitCount(ALL.get(LONG, one + at) ^ ALL.get(LONG, other + at));
        }
        return count;
    }

    private static double jaccard(long one, long other, int dimension) {
        int both = 0;
        int either = 0;
        for (long at = 0; at * 8 < dimension; at += 8) {
            long a = ALL.get(LONG, one + at);
            long b = ALL.get(LONG, other + at);
            both += Long.bitCount(a & b);
            either += Long.bitCount(a | b);
        }
        return both == 0 ? 1 : 1 - both / (double) either;
    }
}
