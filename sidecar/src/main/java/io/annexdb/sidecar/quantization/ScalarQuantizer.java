package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.BitKernels;
import io.annexdb.sidecar.kernel.ByteKernel;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;

import java.util.Arrays;

/**
 * One byte per element: each element's range in a sample, a little widened, is cut into 255 equal
 * steps. Elements beyond the range take its end. A product with a query is that with the code's
 * vector, with the query as it is.
 */
public final class ScalarQuantizer implements Quantizer {
    private static final int STEPS = 255;
    private static final float MARGIN = 0.05f;

    private final Metric metric;
    private final float[] low;
    private final float[] step;
    private final int bytes;
    private final ByteKernel kernel = BitKernels.bytes();

    private ScalarQuantizer(Metric metric, float[] low, float[] step) {
        this.metric = metric;
        this.low = low;
        this.step = step;
        bytes = ByteKernel.padded(low.length);
    }

    /**
     * Takes the ranges from a sample.
     *
     * @param metric cosine, L2 or inner product
     * @param sample vectors as they came, at least one
     */
    public static ScalarQuantizer of(Metric metric, float[][] sample) {
        int dimension = sample[0].length;
        float[] low = new float[dimension];
        float[] high = new float[dimension];
        Arrays.fill(low, Float.POSITIVE_INFINITY);
        Arrays.fill(high, Float.NEGATIVE_INFINITY);
        for (float[] vector : sample) {
            float scale = metric == Metric.COSINE ? inverseNorm(vector) : 1f;
            for (int i = 0; i < dimension; i++) {
                low[i] = Math.min(low[i], vector[i] * scale);
                high[i] = Math.max(high[i], vector[i] * scale);
            }
        }
        float[] step = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            float margin = (high[i] - low[i]) * MARGIN;
            low[i] -= margin;
            step[i] = Math.max((high[i] + margin - low[i]) / STEPS, Float.MIN_NORMAL);
        }
        return new ScalarQuantizer(metric, low, step);
    }

    /** A quantizer that was trained before. */
    static ScalarQuantizer trained(Metric metric, float[] low, float[] step) {
        return new ScalarQuantizer(metric, low, step);
    }

    float[] low() {
        return low;
    }

    float[] step() {
        return step;
    }

    private static float inverseNorm(float[] vector) {
        double square = 0;
        for (float each : vector) {
            square += (double) each * each;
        }
        return (float) (1 / Math.sqrt(square));
    }

    @Override
    public int codeBytes() {
        return bytes + ByteKernel.FACTOR_BYTES;
    }

    @Override
    public void encode(long vector, float scale, long code) {
        byte[] levels = new byte[bytes];
        double square = 0;
        for (int i = 0; i < low.length; i++) {
            int level = level(element(vector, scale, i), i);
            levels[i] = (byte) (level - 128);
            double value = value(level, i);
            square += value * value;
        }
        Native.putBytes(code, levels, 0, bytes);
        Native.putFloat(code + bytes, metric == Metric.L2 ? (float) square : 0f);
        Native.putFloat(code + bytes + 4, metric == Metric.INNER_PRODUCT ? scale : 0f);
    }

    private float element(long vector, float scale, int i) {
        float element = Native.getFloat(vector + i * 4L);
        return metric == Metric.COSINE ? element * scale : element;
    }

    private int level(float element, int i) {
        return Math.clamp(Math.round((element - low[i]) / step[i]), 0, STEPS);
    }

    private double value(int level, int i) {
        return low[i] + (double) step[i] * level;
    }

    @Override
    public int preparedBytes() {
        return ByteKernel.WEIGHTS_AT + bytes * 4;
    }

    @Override
    public void prepare(long query, float scale, long prepared) {
        double product = 0;
        double square = 0;
        long weights = prepared + ByteKernel.WEIGHTS_AT;
        for (int i = 0; i < low.length; i++) {
            float element = element(query, scale, i);
            square += (double) element * element;
            product += element * value(128, i);
            Native.putFloat(weights + i * 4L, element * step[i]);
        }
        Native.clear(weights + low.length * 4L, (bytes - low.length) * 4L);
        double constant =
                switch (metric) {
                    case COSINE -> 1 - product;
                    case L2 -> square - 2 * product;
                    case INNER_PRODUCT -> -product;
                    case L1, HAMMING, JACCARD ->
                            throw new IllegalStateException("no scalar codes under " + metric);
                };
        Native.putFloat(prepared, (float) constant);
        Native.putFloat(prepared + 4, metric == Metric.L2 ? -2f : -1f);
        Native.putFloat(prepared + 8, metric == Metric.INNER_PRODUCT ? scale : 0f);
    }

    @Override
    public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
        kernel.score(prepared, codes, stride, bytes, slots, n, out);
    }

    @Override
    public double squaredError(long vector, float scale) {
        double error = 0;
        for (int i = 0; i < low.length; i++) {
            float element = element(vector, scale, i);
            double part = element - value(level(element, i), i);
            error += part * part;
        }
        return error;
    }

    @Override
    public long bytes() {
        return low.length * 8L;
    }
}
