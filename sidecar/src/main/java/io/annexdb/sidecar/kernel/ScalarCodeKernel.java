package io.annexdb.sidecar.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The specification of {@link CodeKernel}, one centroid and one code after the other. */
final class ScalarCodeKernel implements CodeKernel {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    @Override
    public void products(
            long point, int dimension, float weight, long centroids, int groups, long out) {
        for (int i = 0; i < groups * GROUP; i++) {
            float product =
                    product(point, dimension, weight, CodeKernel.centroid(centroids, i, dimension));
            ALL.set(FLOAT, out + i * 4L, product);
        }
    }

    private static float product(long point, int dimension, float weight, long centroid) {
        double sum = (double) weight * ALL.get(FLOAT, centroid);
        for (int d = 0; d < dimension; d++) {
            sum +=
                    (double) ALL.get(FLOAT, point + d * 4L)
                            * ALL.get(FLOAT, centroid + (1L + d) * GROUP * 4);
        }
        return (float) sum;
    }

    @Override
    public void nearest(
            long points,
            long stride,
            int n,
            int dimension,
            long centroids,
            int groups,
            int[] best) {
        for (int i = 0; i < n; i++) {
            float greatest = Float.NEGATIVE_INFINITY;
            best[i] = 0;
            for (int c = 0; c < groups * GROUP; c++) {
                long centroid = CodeKernel.centroid(centroids, c, dimension);
                float product = product(points + i * stride, dimension, 1f, centroid);
                if (product > greatest) {
                    greatest = product;
                    best[i] = c;
                }
            }
        }
    }

    @Override
    public long scan(
            long tables,
            long codes,
            int columns,
            long factors,
            float offset,
            float bias,
            float step,
            float bound,
            long out) {
        long below = 0;
        for (int place = 0; place < BLOCK; place++) {
            int sum = 0;
            for (int c = 0; c < columns; c++) {
                int code = ALL.get(BYTE, codes + c * (long) BLOCK + place);
                long table = tables + c * 2L * TABLE;
                sum += ALL.get(BYTE, table + (code & 15));
                sum += ALL.get(BYTE, table + TABLE + (code >> 4 & 15));
            }
            int rank = CodeKernel.rank(place);
            float added = ALL.get(FLOAT, factors + rank * 4L);
            float stretch = ALL.get(FLOAT, factors + (BLOCK + rank) * 4L);
            float estimate = offset + added + stretch * (bias + step * sum);
            ALL.set(FLOAT, out + rank * 4L, estimate);
            if (estimate < bound) {
                below |= 1L << rank;
            }
        }
        return below;
    }
}
