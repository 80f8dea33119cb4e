package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The SIMD kernel of signed bytes, loaded per metric and register width as {@link SimdKernel} is.
 * Bytes are read four to a lane and taken apart by shifts, which needs no conversion between
 * register widths, and works in registers of 128 bits as well. Sums are 32-bit integers: exact up
 * to 33,000 elements.
 */
final class SimdByteDistanceKernel implements Kernel {
    private static final VectorSpecies<Integer> SPECIES;
    private static final Metric METRIC;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.floats((Integer) shape.get(0)).withLanes(int.class);
            METRIC = (Metric) shape.get(1);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(LITTLE);
    private static final int STEP = SPECIES.vectorByteSize();

    @Override
    public void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int width,
            int[] slots,
            int n,
            float[] out) {
        int last = n - 1;
        for (int i = 0; i < n; i += 2) {
            int next = Math.min(i + 1, last);
            two(query, base + slots[i] * stride, base + slots[next] * stride, width, out, i, next);
        }
        finish(queryScale, scales, slots, n, out);
    }

    private static void two(long query, long a, long b, long width, float[] out, int ia, int ib) {
        IntVector sumA = IntVector.zero(SPECIES);
        IntVector sumB = IntVector.zero(SPECIES);
        for (long at = 0; at < width; at += STEP) {
            IntVector q = load(query + at);
            IntVector q0 = q.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
            IntVector q1 = q.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 24);
            IntVector q2 = q.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 24);
            IntVector q3 = q.lanewise(VectorOperators.ASHR, 24);
            sumA = add(sumA, q0, q1, q2, q3, load(a + at));
            sumB = add(sumB, q0, q1, q2, q3, load(b + at));
        }
        out[ia] = sumA.reduceLanes(VectorOperators.ADD);
        out[ib] = sumB.reduceLanes(VectorOperators.ADD);
    }

    private static IntVector add(
            IntVector sum, IntVector q0, IntVector q1, IntVector q2, IntVector q3, IntVector v) {
        IntVector v0 = v.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
        IntVector v1 = v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 24);
        IntVector v2 = v.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 24);
        IntVector v3 = v.lanewise(VectorOperators.ASHR, 24);
        return sum.add(term(q0, v0).add(term(q1, v1))).add(term(q2, v2).add(term(q3, v3)));
    }

    private static IntVector term(IntVector query, IntVector vector) {
        return switch (METRIC) {
            case COSINE, INNER_PRODUCT -> query.mul(vector);
            case L2 -> {
                IntVector difference = query.sub(vector);
                yield difference.mul(difference);
            }
            case L1 -> query.sub(vector).abs();
            case HAMMING, JACCARD -> throw new IllegalStateException(METRIC + " of bytes");
        };
    }

    private static void finish(float queryScale, long scales, int[] slots, int n, float[] out) {
        switch (METRIC) {
            case COSINE -> {
                for (int i = 0; i < n; i++) {
                    out[i] = 1f - out[i] * (queryScale * scale(scales, slots[i]));
                }
            }
            case INNER_PRODUCT -> {
                for (int i = 0; i < n; i++) {
                    out[i] =
                            queryScale == 0
                                    ? -out[i]
                                    : -out[i] - queryScale * scale(scales, slots[i]);
                }
            }
            case L2, L1, HAMMING, JACCARD -> {}
        }
    }

    private static IntVector load(long address) {
        return IntVector.fromMemorySegment(SPECIES, ALL, address, LITTLE);
    }

    private static float scale(long scales, int slot) {
        return ALL.get(FLOAT, scales + slot * 4L);
    }
}
