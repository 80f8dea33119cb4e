package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.model.Metric;

import java.lang.ref.Reference;

/**
 * Product quantization (Jégou, Douze and Schmid, TPAMI 2011): of a vector less the sample's mean,
 * each segment is replaced by the nearest of its trained centroids. Under cosine that is the vector
 * of unit length.
 *
 * <p>With x = μ + r and the code's r̂, the product with a query is estimated as q·μ + f (q·r̂), f =
 * ‖r‖² / r·r̂: so it is exact for a query that points along r, as the length correction of RaBitQ
 * is (Gao and Long, SIGMOD 2024). Estimated are
 *
 * <pre>
 * cosine  ½ ‖q − μ‖² + ½ ‖r‖² − f (q − μ)·r̂
 * l2        ‖q − μ‖² +   ‖r‖² − 2 f (q − μ)·r̂
 * ip      − q·μ − f q·r̂ − (product of the further components)
 * </pre>
 *
 * <p>A code is two floats, <em>added</em> (½‖r‖², ‖r‖², or the further component) and
 * <em>stretch</em> (f), and a byte for each segment, or for two of 4 bits, at a multiple of 4. A
 * prepared query is two floats, what is added for all, and the factor of <em>added</em>; then the
 * products with every centroid.
 */
public final class ProductQuantizer implements Quantizer {
    private static final int FACTOR_BYTES = 8;
    private static final int HEAD_BYTES = 64;

    /** A product less than this share of ‖r‖² says nothing about the length. */
    private static final double PRODUCT_LEAST = 0.1;

    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private final Metric metric;
    private final float[] mean;
    private final Codebooks books;
    private final int paddedDimension;

    /** Codes and points of one thread. */
    private static final class Room {
        private NativeBuffer point = new NativeBuffer(4096);
        private int[][] codes = new int[0][];

        long point(int floats) {
            if (point.bytes() < floats * 4L) {
                point = new NativeBuffer(floats * 4L);
            }
            return point.address();
        }

        int[][] codes(int segments) {
            if (codes.length < segments) {
                codes = new int[segments][1];
            }
            return codes;
        }
    }

    /** A quantizer that was trained before. */
    public ProductQuantizer(Metric metric, float[] mean, Codebooks books) {
        this.metric = metric;
        this.mean = mean.clone();
        this.books = books;
        this.paddedDimension = (mean.length + 15) / 16 * 16;
    }

    float[] mean() {
        return mean;
    }

    Codebooks books() {
        return books;
    }

    /** Segments of 8 bits whose codes take 1/32 of the floats. */
    public static int segmentsOf(int dimension) {
        return Math.max(1, dimension / 8);
    }

    /**
     * Trains a quantizer; the same arguments give the same one.
     *
     * @param metric cosine, l2 or ip
     * @param sample vectors as they came, from 1; some 20,000 are enough
     * @param segments 1 to dimension
     * @param bits of a segment's code, 4 or 8
     */
    public static ProductQuantizer train(
            Metric metric, int dimension, float[][] sample, int segments, int bits, long seed) {
        long stride = dimension * 4L;
        NativeBuffer points = new NativeBuffer(Math.max(64, stride * sample.length));
        try {
            float[] mean = putPoints(metric, dimension, sample, points.address());
            Codebooks books =
                    Codebooks.train(
                            points.address(),
                            stride,
                            sample.length,
                            dimension,
                            segments,
                            bits,
                            seed);
            return new ProductQuantizer(metric, mean, books);
        } finally {
            Reference.reachabilityFence(points);
        }
    }

    /** Writes the sample less its mean; returns the mean. */
    private static float[] putPoints(Metric metric, int dimension, float[][] sample, long points) {
        float[] mean = new float[dimension];
        double[] sums = new double[dimension];
        double[] scales = new double[sample.length];
        for (int i = 0; i < sample.length; i++) {
            scales[i] = metric == Metric.COSINE ? 1 / norm(sample[i]) : 1;
            for (int d = 0; d < dimension; d++) {
                sums[d] += sample[i][d] * scales[i];
            }
        }
        for (int d = 0; d < dimension; d++) {
            mean[d] = (float) (sums[d] / sample.length);
        }
        long at = points;
        for (int i = 0; i < sample.length; i++) {
            for (int d = 0; d < dimension; d++) {
                Native.putFloat(at, (float) (sample[i][d] * scales[i]) - mean[d]);
                at += 4;
            }
        }
        return mean;
    }

    private static double norm(float[] vector) {
        double square = 0;
        for (float component : vector) {
            square += (double) component * component;
        }
        return Math.sqrt(square);
    }

    @Override
    public int codeBytes() {
        return FACTOR_BYTES + (books.segments() * books.bits() + 7) / 8;
    }

    @Override
    public void encode(long vector, float scale, long code) {
        Room room = ROOM.get();
        long point = room.point(paddedDimension);
        int[][] codes = room.codes(books.segments());
        double square = putPoint(vector, scale, point);
        books.encode(point, 0, 1, codes);
        writeCodes(codes, code + FACTOR_BYTES);
        Native.putFloat(code, added(square, scale));
        Native.putFloat(code + 4, stretch(square, product(point, codes)));
    }

    /** Writes r; returns ‖r‖². */
    private double putPoint(long vector, float scale, long point) {
        float length = metric == Metric.COSINE ? scale : 1f;
        double square = 0;
        for (int d = 0; d < mean.length; d++) {
            float component = Native.getFloat(vector + d * 4L) * length - mean[d];
            square += (double) component * component;
            Native.putFloat(point + d * 4L, component);
        }
        return square;
    }

    @Override
    public double squaredError(long vector, float scale) {
        Room room = ROOM.get();
        long point = room.point(paddedDimension);
        int[][] codes = room.codes(books.segments());
        putPoint(vector, scale, point);
        books.encode(point, 0, 1, codes);
        double error = 0;
        for (int s = 0; s < books.segments(); s++) {
            Centroids segment = books.segment(s);
            long at = point + books.start(s) * 4L;
            for (int d = 0; d < segment.dimension(); d++) {
                double part = Native.getFloat(at + d * 4L) - segment.get(codes[s][0], d);
                error += part * part;
            }
        }
        return error;
    }

    private float added(double square, float scale) {
        return switch (metric) {
            case COSINE -> (float) (square / 2);
            case L2 -> (float) square;
            case INNER_PRODUCT -> scale;
            case L1, HAMMING, JACCARD -> throw unsupported();
        };
    }

    private static float stretch(double square, double product) {
        return product > square * PRODUCT_LEAST ? (float) (square / product) : 1f;
    }

    private void writeCodes(int[][] codes, long at) {
        int segments = books.segments();
        byte[] bytes = new byte[codeBytes() - FACTOR_BYTES];
        for (int s = 0; s < segments; s++) {
            if (books.bits() == 8) {
                bytes[s] = (byte) codes[s][0];
            } else {
                bytes[s / 2] |= (byte) (codes[s][0] << (s % 2 * 4));
            }
        }
        Native.putBytes(at, bytes, 0, bytes.length);
    }

    /** r·r̂. */
    private double product(long point, int[][] codes) {
        double sum = 0;
        for (int s = 0; s < books.segments(); s++) {
            Centroids segment = books.segment(s);
            long at = point + books.start(s) * 4L;
            for (int d = 0; d < segment.dimension(); d++) {
                sum += (double) Native.getFloat(at + d * 4L) * segment.get(codes[s][0], d);
            }
        }
        return sum;
    }

    @Override
    public int preparedBytes() {
        return HEAD_BYTES + paddedDimension * 4 + books.segments() * books.codes() * 4;
    }

    private long tables(long prepared) {
        return prepared + HEAD_BYTES + paddedDimension * 4L;
    }

    @Override
    public void prepare(long query, float scale, long prepared) {
        long point = prepared + HEAD_BYTES;
        float length = metric == Metric.COSINE ? scale : 1f;
        double square = 0;
        double product = 0;
        for (int d = 0; d < mean.length; d++) {
            float component = Native.getFloat(query + d * 4L) * length;
            float less = component - mean[d];
            square += (double) less * less;
            product += (double) component * mean[d];
            Native.putFloat(point + d * 4L, metric == Metric.INNER_PRODUCT ? component : less);
        }
        books.products(point, tables(prepared));
        switch (metric) {
            case COSINE -> head(prepared, square / 2, 1f, 1f);
            case L2 -> head(prepared, square, 1f, 2f);
            case INNER_PRODUCT -> head(prepared, -product, -scale, 1f);
            case L1, HAMMING, JACCARD -> throw unsupported();
        }
    }

    private static void head(long prepared, double offset, float weight, float factor) {
        Native.putFloat(prepared, (float) offset);
        Native.putFloat(prepared + 4, weight);
        Native.putFloat(prepared + 8, factor);
    }

    @Override
    public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
        float offset = Native.getFloat(prepared);
        float weight = Native.getFloat(prepared + 4);
        float factor = Native.getFloat(prepared + 8);
        long tables = tables(prepared);
        int segments = books.segments();
        boolean bytes = books.bits() == 8;
        for (int i = 0; i < n; i++) {
            long code = codes + slots[i] * stride;
            float sum =
                    bytes
                            ? sumOfBytes(tables, code + FACTOR_BYTES, segments)
                            : sumOfHalves(tables, code + FACTOR_BYTES, segments);
            float added = Native.getFloat(code);
            float stretch = Native.getFloat(code + 4);
            out[i] = offset + weight * added - factor * stretch * sum;
        }
    }

    private static float sumOfBytes(long tables, long code, int segments) {
        float even = 0;
        float odd = 0;
        int s = 0;
        for (; s + 4 <= segments; s += 4) {
            int word = Native.getInt(code + s);
            long table = tables + s * 1024L;
            even += Native.getFloat(table + (word & 255) * 4L);
            odd += Native.getFloat(table + 1024 + (word >>> 8 & 255) * 4L);
            even += Native.getFloat(table + 2048 + (word >>> 16 & 255) * 4L);
            odd += Native.getFloat(table + 3072 + (word >>> 24) * 4L);
        }
        for (; s < segments; s++) {
            even += Native.getFloat(tables + s * 1024L + (Native.getByte(code + s) & 255) * 4L);
        }
        return even + odd;
    }

    private static float sumOfHalves(long tables, long code, int segments) {
        float even = 0;
        float odd = 0;
        for (int s = 0; s < segments; s += 2) {
            int both = Native.getByte(code + (s >> 1));
            even += Native.getFloat(tables + s * 64L + (both & 15) * 4L);
            if (s + 1 < segments) {
                odd += Native.getFloat(tables + s * 64L + 64 + (both >> 4 & 15) * 4L);
            }
        }
        return even + odd;
    }

    @Override
    public long bytes() {
        return books.bytes() + mean.length * 4L;
    }

    private static IllegalStateException unsupported() {
        return new IllegalStateException("no product codes under l1");
    }
}
