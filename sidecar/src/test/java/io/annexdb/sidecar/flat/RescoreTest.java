package io.annexdb.sidecar.flat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;

/** How many candidates are scored by their vectors, and that the nearest are among them. */
class RescoreTest {
    private static final int ROWS = 500;
    private static final int DIMENSION = 32;

    private final Segment segment =
            new Segment(Metric.L2, ElementType.FLOAT32, DIMENSION, new MemoryBudget(64L << 20));
    private final NativeBuffer query = new NativeBuffer(segment.vectors().queryBytes());
    private final int[] slots = new int[ROWS];
    private final float[] estimates = new float[ROWS];

    @ParameterizedTest(name = "k {0}, seed {1}")
    @CsvSource({"1, 1", "10, 2", "40, 3", "300, 4"})
    void goodEstimatesLeaveMostVectorsUnread(int k, int seed) {
        Random random = new Random(seed);
        fill(random, 0.2);
        TopCollector top = new TopCollector(k, 0f);
        int scored = Rescore.run(scan(top), slots, estimates, ROWS, k);
        assertTrue(scored <= Math.max(k + ROWS / 4, k * 3 / 2), "scored " + scored);
        assertArrayEquals(exact(k), top.nearest(k));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(ints = {5, 6, 7})
    void worthlessEstimatesLeaveNoVectorUnread(int seed) {
        fill(new Random(seed), 1_000);
        TopCollector top = new TopCollector(10, 0f);
        assertEquals(ROWS, Rescore.run(scan(top), slots, estimates, ROWS, 10));
        assertArrayEquals(exact(10), top.nearest(10));
    }

    @ParameterizedTest(name = "{0} candidates")
    @ValueSource(ints = {1, 7, 24, 25})
    void fewCandidatesAreAllScored(int count) {
        fill(new Random(8), 1_000);
        TopCollector top = new TopCollector(10, 0f);
        assertEquals(count, Rescore.run(scan(top), slots, estimates, count, 10));
        assertEquals(Math.min(10, count), Math.min(10, top.finish()));
    }

    @ParameterizedTest(name = "k {0}")
    @ValueSource(ints = {10, 400})
    void rowsAllAlikeEnd(int k) {
        for (int i = 0; i < ROWS; i++) {
            put(i, new float[DIMENSION]);
            slots[i] = i;
        }
        putQuery(new float[DIMENSION]);
        TopCollector top = new TopCollector(k, 0f);
        assertEquals(ROWS, Rescore.run(scan(top), slots, estimates, ROWS, k), "none is farther");
    }

    /** Rows, a query, and estimates of their distances that err by so much, nearest first. */
    private void fill(Random random, double deviation) {
        for (int i = 0; i < ROWS; i++) {
            put(i, gaussian(random));
        }
        putQuery(gaussian(random));
        float[] distances = distances();
        float[] estimated = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            estimated[i] = (float) (distances[i] + random.nextGaussian() * deviation);
        }
        Integer[] order = order(estimated);
        for (int i = 0; i < ROWS; i++) {
            slots[i] = order[i];
            estimates[i] = estimated[order[i]];
        }
    }

    private int[] exact(int k) {
        return Arrays.stream(order(distances())).limit(k).mapToInt(Integer::intValue).toArray();
    }

    private static Integer[] order(float[] distances) {
        Integer[] order = new Integer[distances.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(slot -> distances[slot]));
        return order;
    }

    private float[] distances() {
        float[] target = new float[DIMENSION];
        Native.getFloats(query.address(), target, DIMENSION);
        float[] distances = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            float[] vector = segment.vectors().get(i);
            for (int d = 0; d < DIMENSION; d++) {
                distances[i] += (vector[d] - target[d]) * (vector[d] - target[d]);
            }
        }
        return distances;
    }

    private void put(int id, float[] vector) {
        RowKey key = RowKey.of(Integer.toString(id));
        segment.ensureRoom(key, AttributeRow.NONE);
        segment.put(key, null, AttributeRow.NONE, vector);
    }

    private void putQuery(float[] vector) {
        segment.vectors().putQuery(query.address(), vector);
    }

    private Scan scan(TopCollector top) {
        return new Scan(segment, query.address(), 1f, top, () -> false);
    }

    private static float[] gaussian(Random random) {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return vector;
    }
}
