package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getByte;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;
import static io.annexdb.sidecar.kernel.KernelMemory.putFloat;

/** The specification of {@link CodeKernel}, one centroid and one code after the other. */
final class ScalarCodeKernel implements CodeKernel {

    @Override
    public void products(
            long point, int dimension, float weight, long centroids, int groups, long out) {
        for (int i = 0; i < groups * GROUP; i++) {
            float product =
                    product(point, dimension, weight, CodeKernel.centroid(centroids, i, dimension));
            putFloat(out + i * 4L, product);
        }
    }

    private static float product(long point, int dimension, float weight, long centroid) {
        double sum = (double) weight * getFloat(centroid);
        for (int d = 0; d < dimension; d++) {
            sum += (double) getFloat(point + d * 4L) * getFloat(centroid + (1L + d) * GROUP * 4);
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
                int code = getByte(codes + c * (long) BLOCK + place);
                long table = tables + c * 2L * TABLE;
                sum += getByte(table + (code & 15));
                sum += getByte(table + TABLE + (code >> 4 & 15));
            }
            int rank = CodeKernel.rank(place);
            float added = getFloat(factors + rank * 4L);
            float stretch = getFloat(factors + (BLOCK + rank) * 4L);
            float estimate = offset + added + stretch * (bias + step * sum);
            putFloat(out + rank * 4L, estimate);
            if (estimate < bound) {
                below |= 1L << rank;
            }
        }
        return below;
    }
}
