package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/**
 * The SIMD kernel of signed bytes, loaded per metric and register width as {@link SimdKernel} is.
 * Bytes are widened to 16 bits, in which a product or a squared difference just fits; sums are
 * 32-bit integers, exact up to 33,000 elements.
 */
final class SimdByteDistanceKernel implements Kernel {
    private static final VectorSpecies<Integer> INTS;
    private static final Metric METRIC;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            INTS = SimdTemplate.floats((Integer) shape.get(0)).withLanes(int.class);
            METRIC = (Metric) shape.get(1);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final VectorSpecies<Short> SHORTS = INTS.withLanes(short.class);
    private static final int STEP = SHORTS.length();
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(STEP * Byte.SIZE));

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
        IntVector sumA = IntVector.zero(INTS);
        IntVector sumB = IntVector.zero(INTS);
        for (long at = 0; at < width; at += STEP) {
            ShortVector q = load(query + at);
            sumA = add(sumA, q, load(a + at));
            sumB = add(sumB, q, load(b + at));
        }
        out[ia] = sumA.reduceLanes(VectorOperators.ADD);
        out[ib] = sumB.reduceLanes(VectorOperators.ADD);
    }

    /** Each lane of the sum takes two 16-bit terms. */
    private static IntVector add(IntVector sum, ShortVector query, ShortVector vector) {
        return switch (METRIC) {
            case COSINE, INNER_PRODUCT -> {
                IntVector products = query.mul(vector).reinterpretAsInts();
                yield sum.add(
                                products.lanewise(VectorOperators.LSHL, 16)
                                        .lanewise(VectorOperators.ASHR, 16))
                        .add(products.lanewise(VectorOperators.ASHR, 16));
            }
            case L2 -> {
                ShortVector difference = query.sub(vector);
                yield addUnsigned(sum, difference.mul(difference));
            }
            case L1 -> addUnsigned(sum, query.sub(vector).abs());
            case HAMMING, JACCARD -> throw new IllegalStateException(METRIC + " of bytes");
        };
    }

    /** The square of 255 has 16 bits without a sign. */
    private static IntVector addUnsigned(IntVector sum, ShortVector terms) {
        IntVector pairs = terms.reinterpretAsInts();
        return sum.add(pairs.and(0xFFFF)).add(pairs.lanewise(VectorOperators.LSHR, 16));
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

    private static ShortVector load(long address) {
        return (ShortVector)
                ByteVector.fromMemorySegment(BYTES, ALL, address, LITTLE)
                        .convertShape(VectorOperators.B2S, SHORTS, 0);
    }

    private static float scale(long scales, int slot) {
        return getFloat(scales + slot * 4L);
    }
}
