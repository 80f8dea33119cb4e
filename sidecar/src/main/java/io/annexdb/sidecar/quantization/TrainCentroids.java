package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.kernel.CodeKernels;
import io.annexdb.sidecar.memory.Native;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * k-means (Lloyd, "Least squares quantization in PCM", 1982) over points in native memory, from a
 * random sample of them. A centroid that nobody is near to takes half of the largest cluster. The
 * same points and seed give the same centroids.
 */
public final class TrainCentroids {
    private static final int BATCH = 256;

    private TrainCentroids() {}

    /**
     * Trains.
     *
     * @param points address of the first point
     * @param stride bytes from point to point
     * @param n number of points, from 1; fewer than centroids give some of them twice
     * @param dimension floats of a point that count
     * @param count number of centroids
     * @param rounds how often they are moved
     */
    public static Centroids run(
            long points, long stride, int n, int dimension, int count, int rounds, long seed) {
        Centroids centroids = new Centroids(count, dimension);
        SplittableRandom random = new SplittableRandom(seed);
        begin(centroids, points, stride, n, random);
        double[] sums = new double[count * dimension];
        int[] sizes = new int[count];
        for (int round = 0; round < rounds; round++) {
            assign(centroids, points, stride, n, sums, sizes);
            move(centroids, sums, sizes, random);
        }
        return centroids;
    }

    /** Starts with different points of the sample, as long as there are any. */
    private static void begin(
            Centroids centroids, long points, long stride, int n, SplittableRandom random) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        float[] point = new float[centroids.dimension()];
        for (int c = 0; c < centroids.count(); c++) {
            int taken = c % n;
            if (c < n) {
                int other = c + random.nextInt(n - c);
                int swap = order[other];
                order[other] = order[c];
                order[c] = swap;
            }
            Native.getFloats(points + order[taken] * stride, point, point.length);
            centroids.put(c, point);
        }
    }

    private static void assign(
            Centroids centroids, long points, long stride, int n, double[] sums, int[] sizes) {
        CodeKernel kernel = CodeKernels.ofMachine();
        int dimension = centroids.dimension();
        Arrays.fill(sums, 0);
        Arrays.fill(sizes, 0);
        int[] best = new int[BATCH];
        float[] point = new float[dimension];
        for (int from = 0; from < n; from += BATCH) {
            int batch = Math.min(BATCH, n - from);
            long first = points + from * stride;
            kernel.nearest(
                    first, stride, batch, dimension, centroids.address(), centroids.groups(), best);
            for (int i = 0; i < batch; i++) {
                Native.getFloats(first + i * stride, point, dimension);
                sizes[best[i]]++;
                int sum = best[i] * dimension;
                for (int d = 0; d < dimension; d++) {
                    sums[sum + d] += point[d];
                }
            }
        }
    }

    private static void move(
            Centroids centroids, double[] sums, int[] sizes, SplittableRandom random) {
        int dimension = centroids.dimension();
        float[] mean = new float[dimension];
        for (int c = 0; c < centroids.count(); c++) {
            if (sizes[c] > 0) {
                for (int d = 0; d < dimension; d++) {
                    mean[d] = (float) (sums[c * dimension + d] / sizes[c]);
                }
                centroids.put(c, mean);
            }
        }
        for (int c = 0; c < centroids.count(); c++) {
            if (sizes[c] == 0) {
                split(centroids, largest(sizes), c, sizes, random);
            }
        }
    }

    private static int largest(int[] sizes) {
        int largest = 0;
        for (int c = 1; c < sizes.length; c++) {
            if (sizes[c] > sizes[largest]) {
                largest = c;
            }
        }
        return largest;
    }

    /** Puts two centroids a little apart where one was. */
    private static void split(
            Centroids centroids, int from, int to, int[] sizes, SplittableRandom random) {
        int dimension = centroids.dimension();
        float[] one = new float[dimension];
        float[] other = new float[dimension];
        for (int d = 0; d < dimension; d++) {
            float component = centroids.get(from, d);
            float apart = (random.nextBoolean() ? 1 : -1) / 1024f;
            one[d] = component * (1 + apart);
            other[d] = component * (1 - apart);
        }
        centroids.put(from, one);
        centroids.put(to, other);
        sizes[to] = sizes[from] / 2;
        sizes[from] -= sizes[to];
    }
}
