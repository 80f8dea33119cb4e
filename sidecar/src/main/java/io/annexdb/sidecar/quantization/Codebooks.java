package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.kernel.CodeKernels;

import java.util.List;

/**
 * The codebooks of a product quantizer: the space is cut into segments of (nearly) equal width, and
 * each has 2<sup>bits</sup> centroids of its own (Jégou, Douze and Schmid, "Product quantization
 * for nearest neighbor search", TPAMI 2011). Immutable.
 */
public final class Codebooks {
    private static final int ROUNDS = 12;

    private final int dimension;
    private final int bits;
    private final Centroids[] segments;

    /** Codebooks that were trained before. */
    public Codebooks(int dimension, int bits, List<Centroids> segments) {
        this.dimension = dimension;
        this.bits = bits;
        this.segments = segments.toArray(Centroids[]::new);
    }

    /**
     * Trains codebooks.
     *
     * @param points address of the first point of the sample
     * @param stride bytes from point to point
     * @param n number of points, from 1
     * @param segments number of segments, 1 to dimension
     * @param bits 4 or 8
     */
    public static Codebooks train(
            long points, long stride, int n, int dimension, int segments, int bits, long seed) {
        Centroids[] trained = new Centroids[segments];
        for (int s = 0; s < segments; s++) {
            int start = start(s, segments, dimension);
            int width = start(s + 1, segments, dimension) - start;
            trained[s] =
                    TrainCentroids.run(
                            points + start * 4L, stride, n, width, 1 << bits, ROUNDS, seed + s);
        }
        return new Codebooks(dimension, bits, List.of(trained));
    }

    /** First dimension of one of so many segments. */
    public static int start(int segment, int segments, int dimension) {
        return (int) ((long) segment * dimension / segments);
    }

    /** First dimension of a segment; that of the segment behind the last is the dimension. */
    public int start(int segment) {
        return start(segment, segments.length, dimension);
    }

    public int dimension() {
        return dimension;
    }

    public int segments() {
        return segments.length;
    }

    public int bits() {
        return bits;
    }

    /** Centroids of each segment. */
    public int codes() {
        return 1 << bits;
    }

    public Centroids segment(int segment) {
        return segments[segment];
    }

    public long bytes() {
        long bytes = 0;
        for (Centroids segment : segments) {
            bytes += segment.bytes();
        }
        return bytes;
    }

    /**
     * Encodes n points.
     *
     * @param codes receives the code of point i in segment s at {@code codes[s][i]}
     */
    public void encode(long points, long stride, int n, int[][] codes) {
        CodeKernel kernel = CodeKernels.ofMachine();
        for (int s = 0; s < segments.length; s++) {
            Centroids each = segments[s];
            kernel.nearest(
                    points + start(s) * 4L,
                    stride,
                    n,
                    each.dimension(),
                    each.address(),
                    each.groups(),
                    codes[s]);
        }
    }

    /** Writes the products of a point with every centroid, segment after segment, as floats. */
    public void products(long point, long out) {
        CodeKernel kernel = CodeKernels.ofMachine();
        for (int s = 0; s < segments.length; s++) {
            Centroids each = segments[s];
            kernel.products(
                    point + start(s) * 4L,
                    each.dimension(),
                    0f,
                    each.address(),
                    each.groups(),
                    out + (long) s * codes() * 4);
        }
    }
}
