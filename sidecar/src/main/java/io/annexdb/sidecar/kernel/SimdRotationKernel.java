package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.putLong;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/** {@link RotationKernel} with SIMD: a template, loaded once per register width. */
final class SimdRotationKernel implements RotationKernel {
    private static final VectorSpecies<Float> SPECIES;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.floats((Integer) shape.get(0));
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int LANES = SPECIES.length();
    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final VectorShuffle<Float> SWAP_1 = swap(1);
    private static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorShuffle<Float> SWAP_4 = swap(4);
    private static final VectorShuffle<Float> SWAP_8 = swap(8);
    private static final float[] SIGNS_1 = signs(1);
    private static final float[] SIGNS_2 = signs(2);
    private static final float[] SIGNS_4 = signs(4);
    private static final float[] SIGNS_8 = signs(8);

    @Override
    public void rotate(float[] x, float[] signs, int rounds) {
        int n = x.length;
        int block = RotationKernel.block(n);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < n; i += LANES) {
                load(x, i).mul(load(signs, round * n + i)).intoArray(x, i);
            }
            int from = (round & 1) == 0 ? 0 : n - block;
            withinRegisters(x, from, block);
            acrossRegisters(x, from, block);
            if (block < n) {
                halves(x, n / 2);
            }
        }
    }

    /** The steps of the Hadamard transformation whose partners lie in one register. */
    private static void withinRegisters(float[] x, int from, int length) {
        FloatVector sign1 = load(SIGNS_1, 0);
        FloatVector sign2 = load(SIGNS_2, 0);
        FloatVector sign4 = load(SIGNS_4, 0);
        FloatVector sign8 = load(SIGNS_8, 0);
        for (int i = from; i < from + length; i += LANES) {
            FloatVector v = load(x, i);
            v = v.fma(sign1, v.rearrange(SWAP_1));
            v = v.fma(sign2, v.rearrange(SWAP_2));
            if (LANES > 4) {
                v = v.fma(sign4, v.rearrange(SWAP_4));
            }
            if (LANES > 8) {
                v = v.fma(sign8, v.rearrange(SWAP_8));
            }
            v.intoArray(x, i);
        }
    }

    private static void acrossRegisters(float[] x, int from, int length) {
        for (int half = LANES; half < length; half *= 2) {
            for (int i = from; i < from + length; i += 2 * half) {
                for (int j = i; j < i + half; j += LANES) {
                    FloatVector a = load(x, j);
                    FloatVector b = load(x, j + half);
                    a.add(b).intoArray(x, j);
                    a.sub(b).intoArray(x, j + half);
                }
            }
        }
    }

    private static void halves(float[] x, int half) {
        for (int i = 0; i < half; i += LANES) {
            FloatVector a = load(x, i);
            FloatVector b = load(x, i + half);
            a.add(b).mul(ScalarRotationKernel.HALF_SQRT).intoArray(x, i);
            a.sub(b).mul(ScalarRotationKernel.HALF_SQRT).intoArray(x, i + half);
        }
    }

    @Override
    public float signBits(float[] x, long bits) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int i = 0; i < x.length; i += 64) {
            long word = 0;
            for (int j = 0; j < 64; j += LANES) {
                FloatVector v = load(x, i + j);
                sum = sum.add(v.abs());
                word |= v.compare(VectorOperators.GT, 0f).toLong() << j;
            }
            putLong(bits + i / 8, word);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    @Override
    public int levels(float[] x, float low, float inverseStep, long planes, int planeBytes) {
        IntVector sum = IntVector.zero(INTS);
        for (int i = 0; i < x.length; i += 64) {
            long word0 = 0;
            long word1 = 0;
            long word2 = 0;
            long word3 = 0;
            for (int j = 0; j < 64; j += LANES) {
                FloatVector v = load(x, i + j).sub(low).mul(inverseStep).add(0.5f);
                IntVector level =
                        ((IntVector) v.convertShape(VectorOperators.F2I, INTS, 0)).min(15);
                sum = sum.add(level);
                word0 |= bit(level, 1) << j;
                word1 |= bit(level, 2) << j;
                word2 |= bit(level, 4) << j;
                word3 |= bit(level, 8) << j;
            }
            long word = planes + i / 8;
            putLong(word, word0);
            putLong(word + planeBytes, word1);
            putLong(word + 2L * planeBytes, word2);
            putLong(word + 3L * planeBytes, word3);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    private static long bit(IntVector level, int mask) {
        return level.and(mask).compare(VectorOperators.NE, 0).toLong();
    }

    @Override
    public float product(float[] a, float[] b) {
        FloatVector even = FloatVector.zero(SPECIES);
        FloatVector odd = FloatVector.zero(SPECIES);
        for (int i = 0; i < a.length; i += 2 * LANES) {
            even = load(a, i).fma(load(b, i), even);
            odd = load(a, i + LANES).fma(load(b, i + LANES), odd);
        }
        return even.add(odd).reduceLanes(VectorOperators.ADD);
    }

    @Override
    public float least(float[] x) {
        FloatVector least = load(x, 0);
        for (int i = LANES; i < x.length; i += LANES) {
            least = least.min(load(x, i));
        }
        return least.reduceLanes(VectorOperators.MIN);
    }

    @Override
    public float most(float[] x) {
        FloatVector most = load(x, 0);
        for (int i = LANES; i < x.length; i += LANES) {
            most = most.max(load(x, i));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(SPECIES, x, at);
    }

    /** Every lane with the one whose number differs in that bit. */
    private static VectorShuffle<Float> swap(int bit) {
        return VectorShuffle.fromOp(SPECIES, lane -> (lane ^ bit) & (LANES - 1));
    }

    /** 1 in lanes whose number has the bit clear, −1 in the others. */
    private static float[] signs(int bit) {
        float[] signs = new float[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            signs[lane] = (lane & bit) == 0 ? 1f : -1f;
        }
        return signs;
    }
}
