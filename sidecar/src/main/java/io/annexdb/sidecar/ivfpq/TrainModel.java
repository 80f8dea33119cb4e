package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernels;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.quantization.Centroids;
import io.annexdb.sidecar.quantization.Codebooks;
import io.annexdb.sidecar.quantization.TrainCentroids;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Trains a model on a sample of the live rows. The same rows in the same slots give the same model.
 */
public final class TrainModel {
    private static final long SEED = 0x51ED270B9D1F4AL;
    private static final int ROUNDS = 8;
    private static final int SAMPLE_PER_LIST = 40;
    private static final int SAMPLE_PER_LIST_LEAST = 8;
    private static final int SAMPLE_LEAST = 20_000;
    private static final long SAMPLE_BYTES_MOST = 512L << 20;

    /** Residuals from which the codebooks are trained. */
    private static final int RESIDUALS_MOST = 30_000;

    private TrainModel() {}

    /** Trains; rows may come and go meanwhile. */
    public static Model run(Segment segment, ListSettings settings) {
        int rows = segment.live();
        int[] sample = sample(segment, settings.listsFor(rows));
        int dimension = segment.vectors().dimension();
        Metric metric = segment.vectors().metric();
        int floats = Model.pointFloats(metric, dimension);
        long stride = floats * 4L;
        NativeBuffer points = new NativeBuffer(Math.max(64, stride * sample.length));
        try {
            SlotQuery stored = new SlotQuery(segment.vectors());
            for (int i = 0; i < sample.length; i++) {
                Model.putPoint(segment.vectors(), stored, sample[i], points.address() + i * stride);
            }
            int lists =
                    Math.min(settings.listsFor(rows), 1 + sample.length / SAMPLE_PER_LIST_LEAST);
            Centroids coarse =
                    TrainCentroids.run(
                            points.address(), stride, sample.length, floats, lists, ROUNDS, SEED);
            int residuals = Math.min(sample.length, RESIDUALS_MOST);
            double error = takeAway(coarse, points.address(), stride, residuals);
            Codebooks books =
                    Codebooks.train(
                            points.address(),
                            stride,
                            residuals,
                            dimension,
                            settings.segmentsFor(dimension),
                            settings.bitsOrDefault(),
                            SEED);
            return new Model(metric, coarse, books, rows, error);
        } finally {
            Reference.reachabilityFence(points);
        }
    }

    /** Slots of live rows in random order. */
    private static int[] sample(Segment segment, int lists) {
        long stride = segment.vectors().dimension() * 4L + 4;
        long most =
                Math.min(
                        Math.max(SAMPLE_LEAST, (long) lists * SAMPLE_PER_LIST),
                        SAMPLE_BYTES_MOST / stride);
        int[] live = new int[segment.slots()];
        int count = 0;
        for (int slot = 0; slot < live.length; slot++) {
            if (!segment.isDead(slot)) {
                live[count++] = slot;
            }
        }
        SplittableRandom random = new SplittableRandom(SEED);
        int wanted = (int) Math.min(count, most);
        for (int i = 0; i < wanted; i++) {
            int other = i + random.nextInt(count - i);
            int slot = live[other];
            live[other] = live[i];
            live[i] = slot;
        }
        return Arrays.copyOf(live, wanted);
    }

    /** Replaces points by what their centroids leave; returns the mean square of that. */
    private static double takeAway(Centroids coarse, long points, long stride, int n) {
        int[] best = new int[n];
        CodeKernels.ofMachine()
                .nearest(
                        points,
                        stride,
                        n,
                        coarse.dimension(),
                        coarse.address(),
                        coarse.groups(),
                        best);
        double squares = 0;
        for (int i = 0; i < n; i++) {
            for (int d = 0; d < coarse.dimension(); d++) {
                long at = points + i * stride + d * 4L;
                float left = Native.getFloat(at) - coarse.get(best[i], d);
                squares += (double) left * left;
                Native.putFloat(at, left);
            }
        }
        return squares / n;
    }
}
