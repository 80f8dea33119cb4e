package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The SIMD kernel: a template that {@link Kernels} loads once per metric and register width as a
 * hidden class, so that both are constants to the compiler and no profile is shared.
 *
 * <p>Four vectors at a time against the query: four independent sums hide the latency of
 * multiply-add, and each load of the query serves four. Vectors are padded, so there is no tail and
 * no mask. A last group of less than four repeats its last vector; the result of one vector thus
 * never depends on its neighbours.
 */
final class SimdKernel implements Kernel {
    private static final VectorSpecies<Float> SPECIES;
    private static final Metric METRIC;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = species((Integer) shape.get(0));
            METRIC = (Metric) shape.get(1);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
    private static final int STEP = SPECIES.vectorByteSize();

    @Override
    public void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int floats,
            int[] slots,
            int n,
            float[] out) {
        long bytes = floats * 4L;
        int last = n - 1;
        for (int i = 0; i < n; i += 4) {
            int i1 = Math.min(i + 1, last);
            int i2 = Math.min(i + 2, last);
            int i3 = Math.min(i + 3, last);
            four(
                    query,
                    base + slots[i] * stride,
                    base + slots[i1] * stride,
                    base + slots[i2] * stride,
                    base + slots[i3] * stride,
                    bytes,
                    out,
                    i,
                    i1,
                    i2,
                    i3);
        }
        finish(queryScale, scales, slots, n, out);
    }

    private static void four(
            long query,
            long a,
            long b,
            long c,
            long d,
            long bytes,
            float[] out,
            int ia,
            int ib,
            int ic,
            int id) {
        FloatVector sumA = FloatVector.zero(SPECIES);
        FloatVector sumB = FloatVector.zero(SPECIES);
        FloatVector sumC = FloatVector.zero(SPECIES);
        FloatVector sumD = FloatVector.zero(SPECIES);
        for (long at = 0; at < bytes; at += STEP) {
            FloatVector q = FloatVector.fromMemorySegment(SPECIES, ALL, query + at, LITTLE);
            sumA = add(sumA, q, FloatVector.fromMemorySegment(SPECIES, ALL, a + at, LITTLE));
            sumB = add(sumB, q, FloatVector.fromMemorySegment(SPECIES, ALL, b + at, LITTLE));
            sumC = add(sumC, q, FloatVector.fromMemorySegment(SPECIES, ALL, c + at, LITTLE));
            sumD = add(sumD, q, FloatVector.fromMemorySegment(SPECIES, ALL, d + at, LITTLE));
        }
        out[ia] = sumA.reduceLanes(VectorOperators.ADD);
        out[ib] = sumB.reduceLanes(VectorOperators.ADD);
        out[ic] = sumC.reduceLanes(VectorOperators.ADD);
        out[id] = sumD.reduceLanes(VectorOperators.ADD);
    }

    private static FloatVector add(FloatVector sum, FloatVector query, FloatVector vector) {
        return switch (METRIC) {
            case COSINE, INNER_PRODUCT -> query.fma(vector, sum);
            case L2 -> {
                FloatVector difference = query.sub(vector);
                yield difference.fma(difference, sum);
            }
            case L1 -> sum.add(query.sub(vector).abs());
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
            case L2, L1 -> {}
        }
    }

    private static float scale(long scales, int slot) {
        return ALL.get(FLOAT, scales + slot * 4L);
    }

    private static VectorSpecies<Float> species(int bits) {
        return switch (bits) {
            case 128 -> FloatVector.SPECIES_128;
            case 256 -> FloatVector.SPECIES_256;
            case 512 -> FloatVector.SPECIES_512;
            default -> throw new IllegalArgumentException("no register of " + bits + " bits");
        };
    }
}
