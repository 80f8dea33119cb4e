package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.BitKernel;
import io.annexdb.sidecar.kernel.BitKernels;
import io.annexdb.sidecar.kernel.RotationKernel;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;

/**
 * One bit per element: RaBitQ (Gao and Long, arXiv 2405.12497). A vector is taken relative to the
 * centroid, rotated at random, and keeps the signs; with the factor ‖r‖² / Σ|rᵢ| the product of the
 * signs with a query estimates the true product without bias, with an error of order 1 /
 * √dimension. The query keeps four bits per element, rounded to the nearest.
 *
 * <p>With r = v − c and q' = q − c, a product is v·q = c·q + r·c + r·q', and a square is ‖v − q‖² =
 * ‖r‖² + ‖q'‖² − 2 r·q'. What depends on the vector alone goes into the code as A, what depends on
 * the query alone into the prepared query, and only r·q' is estimated.
 */
public final class Rabitq implements Quantizer {
    private static final long SEED = 0x5DEECE66DL;

    private final Metric metric;
    private final int dimension;
    private final Rotation rotation;
    private final float[] centroid;
    private final int bitBytes;
    private final int planeBytes;
    private final BitKernel kernel;
    private final RotationKernel rotations = BitKernels.rotation();

    private Rabitq(Metric metric, int dimension, Rotation rotation, float[] centroid) {
        this.metric = metric;
        this.dimension = dimension;
        this.rotation = rotation;
        this.centroid = centroid;
        bitBytes = rotation.length() / 8;
        planeBytes = BitKernel.planeBytes(bitBytes);
        kernel = BitKernels.bits(bitBytes);
    }

    /**
     * Codes around a centroid.
     *
     * @param metric cosine, L2 or inner product
     * @param centroid mean of the vectors, divided by their norms under cosine
     */
    public static Rabitq of(Metric metric, float[] centroid) {
        Rotation rotation = new Rotation(centroid.length, SEED);
        float[] rotated = new float[rotation.length()];
        System.arraycopy(centroid, 0, rotated, 0, centroid.length);
        rotation.apply(rotated);
        return new Rabitq(metric, centroid.length, rotation, rotated);
    }

    /**
     * Codes around the rotated centroid of an earlier training.
     *
     * @throws IllegalArgumentException if it is of another length than rotated vectors
     */
    static Rabitq trained(Metric metric, int dimension, float[] rotated) {
        Rotation rotation = new Rotation(dimension, SEED);
        if (rotated.length != rotation.length()) {
            throw new IllegalArgumentException("a rotated centroid of length " + rotated.length);
        }
        return new Rabitq(metric, dimension, rotation, rotated);
    }

    /** As it lies among the rotated vectors. */
    float[] centroid() {
        return centroid;
    }

    @Override
    public int codeBytes() {
        return bitBytes + BitKernel.FACTOR_BYTES;
    }

    @Override
    public void encode(long vector, float scale, long code) {
        float[] residual = rotated(vector, scale);
        subtractCentroid(residual);
        float square = rotations.product(residual, residual);
        float sum = rotations.signBits(residual, code);
        float factor = sum > 0 ? square / sum : 0;
        long factors = code + bitBytes;
        Native.putFloat(
                factors, metric == Metric.L2 ? square : -rotations.product(residual, centroid));
        Native.putFloat(factors + 4, metric == Metric.L2 ? -2 * factor : -factor);
        Native.putFloat(factors + 8, ones(code));
        Native.putFloat(factors + 12, metric == Metric.INNER_PRODUCT ? scale : 0f);
    }

    private int ones(long code) {
        int ones = 0;
        for (int at = 0; at < bitBytes; at += 8) {
            ones += Long.bitCount(Native.getLong(code + at));
        }
        return ones;
    }

    @Override
    public int preparedBytes() {
        return BitKernel.PLANES_AT + BitKernel.PLANES * planeBytes;
    }

    @Override
    public void prepare(long query, float scale, long prepared) {
        float[] q = rotated(query, scale);
        float withCentroid = rotations.product(q, centroid);
        subtractCentroid(q);
        float low = rotations.least(q);
        float step = Math.max((rotations.most(q) - low) / 15, Float.MIN_NORMAL);
        long planes = prepared + BitKernel.PLANES_AT;
        Native.clear(planes, (long) BitKernel.PLANES * planeBytes);
        int levels = rotations.levels(q, low, 1 / step, planes, planeBytes);
        Native.putFloat(prepared, 2 * step);
        Native.putFloat(prepared + 4, 2 * low);
        Native.putFloat(prepared + 8, -(q.length * low + step * levels));
        Native.putFloat(
                prepared + 12,
                metric == Metric.L2
                        ? rotations.product(q, q)
                        : (metric == Metric.COSINE ? 1 : 0) - withCentroid);
        Native.putFloat(prepared + 16, metric == Metric.INNER_PRODUCT ? scale : 0f);
    }

    @Override
    public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
        kernel.score(prepared, codes, stride, slots, n, out);
    }

    @Override
    public double squaredError(long vector, float scale) {
        float[] residual = rotated(vector, scale);
        subtractCentroid(residual);
        double sum = 0;
        for (float each : residual) {
            sum += Math.abs(each);
        }
        return rotations.product(residual, residual) - sum * sum / residual.length;
    }

    @Override
    public long bytes() {
        return rotation.bytes() + centroid.length * 4L;
    }

    private void subtractCentroid(float[] vector) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] -= centroid[i];
        }
    }

    /** The vector, of length 1 under cosine, padded and rotated. */
    private float[] rotated(long vector, float scale) {
        float[] rotated = new float[rotation.length()];
        Native.getFloats(vector, rotated, dimension);
        if (metric == Metric.COSINE) {
            for (int i = 0; i < dimension; i++) {
                rotated[i] *= scale;
            }
        }
        rotation.apply(rotated);
        return rotated;
    }
}
