package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/**
 * {@link BitKernel} with SIMD: a template, loaded once per register width and code length as a
 * hidden class, so that the number of registers per code is a constant to the compiler.
 *
 * <p>A register is loaded whole even where the factors follow the bits: the planes are zero there.
 * Four codes share one sum over the lanes, each in 16 bits of it, for no sum exceeds 15 · 4096.
 */
final class SimdBitKernel implements BitKernel {
    private static final VectorSpecies<Long> SPECIES;
    private static final int BIT_BYTES;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.longs((Integer) shape.get(0));
            BIT_BYTES = (Integer) shape.get(1);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int STEP = SPECIES.vectorByteSize();
    private static final int REGISTERS = (BIT_BYTES + STEP - 1) / STEP;
    private static final int PLANE_BYTES = BitKernel.planeBytes(BIT_BYTES);
    private static final boolean PACKED = BIT_BYTES <= 512;

    @Override
    public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
        long planes = prepared + PLANES_AT;
        if (REGISTERS == 1) {
            shortCodes(planes, codes, stride, slots, n, out);
        } else if (PACKED) {
            int last = n - 1;
            for (int i = 0; i < n; i += 4) {
                unpack(four(planes, codes, stride, slots, i, last), i, last, out);
            }
        } else {
            for (int i = 0; i < n; i++) {
                out[i] = sum(planes, codes + slots[i] * stride).reduceLanes(VectorOperators.ADD);
            }
        }
        finish(prepared, codes + BIT_BYTES, stride, slots, n, out);
    }

    /** As {@link #four} in a row, for codes of one register: the planes stay in registers. */
    private static void shortCodes(
            long planes, long codes, long stride, int[] slots, int n, float[] out) {
        LongVector p0 = load(planes);
        LongVector p1 = load(planes + PLANE_BYTES);
        LongVector p2 = load(planes + 2L * PLANE_BYTES);
        LongVector p3 = load(planes + 3L * PLANE_BYTES);
        int last = n - 1;
        for (int i = 0; i < n; i += 4) {
            LongVector packed = LongVector.zero(SPECIES);
            for (int j = 3; j >= 0; j--) {
                LongVector code = load(codes + slots[Math.min(i + j, last)] * stride);
                LongVector sum = ones(code, p3);
                sum = sum.add(sum).add(ones(code, p2));
                sum = sum.add(sum).add(ones(code, p1));
                sum = sum.add(sum).add(ones(code, p0));
                packed = packed.lanewise(VectorOperators.LSHL, 16).or(sum);
            }
            unpack(packed.reduceLanes(VectorOperators.ADD), i, last, out);
        }
    }

    private static LongVector ones(LongVector code, LongVector plane) {
        return code.and(plane).lanewise(VectorOperators.BIT_COUNT);
    }

    private static void unpack(long sums, int i, int last, float[] out) {
        out[i] = (int) (sums & 0xFFFF);
        out[Math.min(i + 1, last)] = (int) (sums >>> 16 & 0xFFFF);
        out[Math.min(i + 2, last)] = (int) (sums >>> 32 & 0xFFFF);
        out[Math.min(i + 3, last)] = (int) (sums >>> 48);
    }

    /**
     * The sums of four codes, 16 bits each. A loop, for C2 stops inlining in methods that spell out
     * too much, and boxes vectors then.
     */
    private static long four(
            long planes, long codes, long stride, int[] slots, int first, int last) {
        LongVector packed = LongVector.zero(SPECIES);
        for (int i = 3; i >= 0; i--) {
            long code = codes + slots[Math.min(first + i, last)] * stride;
            packed = packed.lanewise(VectorOperators.LSHL, 16).or(sum(planes, code));
        }
        return packed.reduceLanes(VectorOperators.ADD);
    }

    private static LongVector sum(long planes, long code) {
        LongVector sum = LongVector.zero(SPECIES);
        for (int i = 0; i < REGISTERS; i++) {
            sum = sum.add(weigh(load(code + (long) i * STEP), planes + (long) i * STEP));
        }
        return sum;
    }

    /** The number of common ones per lane, by Horner's rule over the planes. */
    private static LongVector weigh(LongVector code, long planes) {
        LongVector sum = LongVector.zero(SPECIES);
        for (int plane = PLANES - 1; plane >= 0; plane--) {
            LongVector common = code.and(load(planes + (long) plane * PLANE_BYTES));
            sum = sum.add(sum).add(common.lanewise(VectorOperators.BIT_COUNT));
        }
        return sum;
    }

    private static void finish(
            long prepared, long factorsBase, long stride, int[] slots, int n, float[] out) {
        float alpha = getFloat(prepared);
        float beta = getFloat(prepared + 4);
        float gamma = getFloat(prepared + 8);
        float constant = getFloat(prepared + 12);
        float queryScale = getFloat(prepared + 16);
        for (int i = 0; i < n; i++) {
            long factors = factorsBase + slots[i] * stride;
            float product = alpha * out[i] + (beta * getFloat(factors + 8) + gamma);
            out[i] =
                    constant
                            + getFloat(factors)
                            + getFloat(factors + 4) * product
                            - queryScale * getFloat(factors + 12);
        }
    }

    private static LongVector load(long address) {
        return LongVector.fromMemorySegment(SPECIES, ALL, address, LITTLE);
    }
}
