package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.quantization.ProductQuantizer;
import io.annexdb.sidecar.quantization.Quantizer;
import io.annexdb.sidecar.quantization.Rabitq;
import io.annexdb.sidecar.quantization.ScalarQuantizer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Trains codes on a sample of a shard's vectors and encodes what is there. */
public final class TrainCodes {
    /** Fewer rows say too little. */
    public static final int ROWS_LEAST = 1_000;

    private static final int SAMPLE_MOST = 10_000;
    private static final int ERROR_SAMPLE = 1_000;
    private static final int PQ_BITS = 8;
    private static final long SEED = 1;

    /** Mean squared error relative to the training's from which on a new training pays. */
    private static final double DRIFT = 1.1;

    /** Below this an estimate from single bits errs too much. */
    private static final int RABITQ_DIMENSION_LEAST = 256;

    private TrainCodes() {}

    /** What codes such an index gets; NONE where its metric has none. */
    public static Quantization resolve(Quantization wanted, Metric metric, int dimension) {
        return switch (metric) {
            case L1, HAMMING, JACCARD -> Quantization.NONE;
            case COSINE, L2, INNER_PRODUCT ->
                    switch (wanted) {
                        case AUTO ->
                                dimension >= RABITQ_DIMENSION_LEAST
                                        ? Quantization.RABITQ
                                        : Quantization.NONE;
                        case NONE, SQ8, RABITQ, PQ -> wanted;
                    };
        };
    }

    /**
     * Codes for the slots below {@code slots}.
     *
     * @return null where no codes are wanted
     */
    public static @Nullable Codes train(
            Segment segment, Quantization quantization, int slots, MemoryBudget budget) {
        VectorStore vectors = segment.vectors();
        Quantizer quantizer =
                switch (quantization) {
                    case AUTO, NONE -> null;
                    case SQ8 -> ScalarQuantizer.of(vectors.metric(), sample(segment, slots));
                    case PQ ->
                            ProductQuantizer.train(
                                    vectors.metric(),
                                    vectors.dimension(),
                                    sample(segment, slots),
                                    ProductQuantizer.segmentsOf(vectors.dimension()),
                                    PQ_BITS,
                                    SEED);
                    case RABITQ -> Rabitq.of(vectors.metric(), mean(segment, slots));
                };
        if (quantizer == null) {
            return null;
        }
        double error = meanError(segment, quantizer, slots, ERROR_SAMPLE);
        Codes codes = new Codes(quantizer, error, vectors, budget);
        try {
            codes.encode(vectors, 0, slots);
            return codes;
        } catch (RuntimeException e) {
            codes.close();
            throw e;
        }
    }

    /** Whether codes fit the vectors much worse than those that they were trained on. */
    public static boolean hasDrifted(Segment segment, Codes codes, int slots) {
        double error = meanError(segment, codes.quantizer(), slots, ERROR_SAMPLE);
        return error > codes.trainingError() * DRIFT;
    }

    private static double meanError(Segment segment, Quantizer quantizer, int slots, int sample) {
        VectorStore vectors = segment.vectors();
        SlotQuery query = new SlotQuery(vectors);
        int step = Math.max(1, slots / sample);
        double sum = 0;
        int count = 0;
        for (int slot = 0; slot < slots; slot += step) {
            if (!segment.isDead(slot)) {
                sum += quantizer.squaredError(query.address(slot), vectors.scale(slot));
                count++;
            }
        }
        return sum / Math.max(1, count);
    }

    /** A sample of live vectors, as they came. */
    private static float[][] sample(Segment segment, int slots) {
        int step = Math.max(1, slots / SAMPLE_MOST);
        List<float[]> sample = new ArrayList<>();
        for (int slot = 0; slot < slots; slot += step) {
            if (!segment.isDead(slot)) {
                sample.add(segment.vectors().get(slot));
            }
        }
        return sample.toArray(float[][]::new);
    }

    /** Mean of a sample of live vectors, of length 1 under cosine. */
    private static float[] mean(Segment segment, int slots) {
        VectorStore vectors = segment.vectors();
        int dimension = vectors.dimension();
        double[] sum = new double[dimension];
        int step = Math.max(1, slots / SAMPLE_MOST);
        int count = 0;
        for (int slot = 0; slot < slots; slot += step) {
            if (!segment.isDead(slot)) {
                float[] vector = vectors.get(slot);
                float scale = vectors.metric() == Metric.COSINE ? vectors.scale(slot) : 1f;
                for (int i = 0; i < dimension; i++) {
                    sum[i] += vector[i] * scale;
                }
                count++;
            }
        }
        float[] mean = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            mean[i] = (float) (sum[i] / Math.max(1, count));
        }
        return mean;
    }
}
