package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/**
 * The SIMD kernel of bits, loaded per metric and register width as {@link SimdKernel} is. Counts
 * are exact, and so is their order. Of Jaccard's two counts only the common ones are taken here:
 * the ones of either come from both vectors' numbers of ones, which are their scales.
 */
final class SimdBitDistanceKernel implements Kernel {
    private static final VectorSpecies<Long> SPECIES;
    private static final Metric METRIC;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.longs((Integer) shape.get(0));
            METRIC = (Metric) shape.get(1);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

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
        long bytes = width / 8;
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
        if (METRIC == Metric.JACCARD) {
            for (int i = 0; i < n; i++) {
                float either = queryScale + getFloat(scales + slots[i] * 4L) - out[i];
                out[i] = out[i] == 0f ? 1f : (either - out[i]) / either;
            }
        }
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
        LongVector sumA = LongVector.zero(SPECIES);
        LongVector sumB = LongVector.zero(SPECIES);
        LongVector sumC = LongVector.zero(SPECIES);
        LongVector sumD = LongVector.zero(SPECIES);
        for (long at = 0; at < bytes; at += STEP) {
            LongVector q = load(query + at);
            sumA = sumA.add(ones(q, load(a + at)));
            sumB = sumB.add(ones(q, load(b + at)));
            sumC = sumC.add(ones(q, load(c + at)));
            sumD = sumD.add(ones(q, load(d + at)));
        }
        out[ia] = sumA.reduceLanes(VectorOperators.ADD);
        out[ib] = sumB.reduceLanes(VectorOperators.ADD);
        out[ic] = sumC.reduceLanes(VectorOperators.ADD);
        out[id] = sumD.reduceLanes(VectorOperators.ADD);
    }

    private static LongVector ones(LongVector query, LongVector vector) {
        LongVector bits =
                METRIC == Metric.HAMMING
                        ? query.lanewise(VectorOperators.XOR, vector)
                        : query.and(vector);
        return bits.lanewise(VectorOperators.BIT_COUNT);
    }

    private static LongVector load(long address) {
        return LongVector.fromMemorySegment(SPECIES, ALL, address, LITTLE);
    }
}
