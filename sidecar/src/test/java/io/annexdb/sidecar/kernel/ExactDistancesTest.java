package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;

/** Side by side or one by one, a distance is the same to the last bit. */
class ExactDistancesTest {
    private static final int VECTORS = 11;
    private static final int BYTES_MOST = 4 * 400;

    @ParameterizedTest
    @EnumSource(Metric.class)
    void sideBySideIsOneByOne(Metric metric) {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (Slab memory = new Slab(new MemoryBudget(1L << 30), "test", BYTES_MOST, VECTORS + 1)) {
            memory.ensure(VECTORS + 1);
            for (ElementType elements : ElementType.values()) {
                boolean ofBits = metric == Metric.HAMMING || metric == Metric.JACCARD;
                for (int dimension : new int[] {1, 2, 3, 7, 64, 129, 384}) {
                    if (ofBits == (elements == ElementType.BIT)) {
                        fill(memory, elements, random);
                        check(memory, metric, elements, dimension, 1 + random.nextInt(VECTORS));
                    }
                }
            }
        }
    }

    private static void fill(Slab memory, ElementType elements, Random random) {
        for (int slot = 0; slot <= VECTORS; slot++) {
            float scale = (float) Math.pow(10, random.nextInt(-12, 12));
            for (int at = 0; at < BYTES_MOST; at += 4) {
                long address = memory.address(slot) + at;
                switch (elements) {
                    case FLOAT32 -> Native.putFloat(address, (float) random.nextGaussian() * scale);
                    case FLOAT16, INT8, BIT ->
                            Native.putInt(address, random.nextInt() & 0x3BFF3BFF);
                }
            }
        }
    }

    private static void check(
            Slab memory, Metric metric, ElementType elements, int dimension, int count) {
        long query = memory.address(VECTORS);
        long[] vectors = new long[count];
        for (int i = 0; i < count; i++) {
            vectors[i] = memory.address(i);
        }
        double[] actual = ExactDistances.between(metric, elements, query, vectors, dimension);
        for (int i = 0; i < count; i++) {
            double expected = ExactDistance.between(metric, elements, query, vectors[i], dimension);
            assertEquals(expected, actual[i], 0.0, elements + " " + dimension + " vector " + i);
        }
    }
}
