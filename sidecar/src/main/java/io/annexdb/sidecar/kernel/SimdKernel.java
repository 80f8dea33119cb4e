package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/**
 * The SIMD kernel of floats: a template that {@link Kernels} loads once per metric, element type
 * and register width as a hidden class, so that all three are constants to the compiler and no
 * profile is shared.
 *
 * <p>Four vectors at a time against the query: four independent sums hide the latency of
 * multiply-add, and each load of the query serves four. Vectors are padded, so there is no tail and
 * no mask. A last group of less than four repeats its last vector; the result of one vector thus
 * never depends on its neighbours.
 */
final class SimdKernel implements Kernel {
    private static final VectorSpecies<Float> SPECIES;
    private static final Metric METRIC;
    private static final ElementType ELEMENTS;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.floats((Integer) shape.get(0));
            METRIC = (Metric) shape.get(1);
            ELEMENTS = (ElementType) shape.get(2);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int LANES = SPECIES.length();
    private static final long ELEMENT_BYTES = ELEMENTS.bits() / 8;
    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    private static final VectorSpecies<Short> HALVES =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

    /** Where sign, exponent and mantissa of a float16 lie after a shift by 13. */
    private static final int HALF_BITS = 0x8FFF_E000;

    /** What the exponents of both formats differ by, 127 − 15; subnormal numbers come out right. */
    private static final float HALF_SCALE = 0x1p112f;

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
                    width,
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
            long width,
            float[] out,
            int ia,
            int ib,
            int ic,
            int id) {
        FloatVector sumA = FloatVector.zero(SPECIES);
        FloatVector sumB = FloatVector.zero(SPECIES);
        FloatVector sumC = FloatVector.zero(SPECIES);
        FloatVector sumD = FloatVector.zero(SPECIES);
        for (long i = 0; i < width; i += LANES) {
            FloatVector q = FloatVector.fromMemorySegment(SPECIES, ALL, query + i * 4, LITTLE);
            sumA = add(sumA, q, load(a + i * ELEMENT_BYTES));
            sumB = add(sumB, q, load(b + i * ELEMENT_BYTES));
            sumC = add(sumC, q, load(c + i * ELEMENT_BYTES));
            sumD = add(sumD, q, load(d + i * ELEMENT_BYTES));
        }
        out[ia] = sumA.reduceLanes(VectorOperators.ADD);
        out[ib] = sumB.reduceLanes(VectorOperators.ADD);
        out[ic] = sumC.reduceLanes(VectorOperators.ADD);
        out[id] = sumD.reduceLanes(VectorOperators.ADD);
    }

    private static FloatVector load(long address) {
        return switch (ELEMENTS) {
            case FLOAT32 -> FloatVector.fromMemorySegment(SPECIES, ALL, address, LITTLE);
            case FLOAT16 -> widened(address);
            case INT8, BIT -> throw new IllegalStateException(ELEMENTS + " are no floats");
        };
    }

    /**
     * The Vector API has no conversion from float16. So the bits are moved to where float32 has
     * them, and a multiplication sets the exponent right, of subnormal numbers too.
     */
    private static FloatVector widened(long address) {
        IntVector halves =
                (IntVector)
                        ShortVector.fromMemorySegment(HALVES, ALL, address, LITTLE)
                                .convertShape(VectorOperators.S2I, INTS, 0);
        return halves.lanewise(VectorOperators.LSHL, 13)
                .and(HALF_BITS)
                .reinterpretAsFloats()
                .mul(HALF_SCALE);
    }

    private static FloatVector add(FloatVector sum, FloatVector query, FloatVector vector) {
        return switch (METRIC) {
            case COSINE, INNER_PRODUCT -> query.fma(vector, sum);
            case L2 -> {
                FloatVector difference = query.sub(vector);
                yield difference.fma(difference, sum);
            }
            case L1 -> sum.add(query.sub(vector).abs());
            case HAMMING, JACCARD -> throw new IllegalStateException(METRIC + " of floats");
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

    private static float scale(long scales, int slot) {
        return getFloat(scales + slot * 4L);
    }
}
