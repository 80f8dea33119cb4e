package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.putLong;

/** The specification of {@link RotationKernel}. */
final class ScalarRotationKernel implements RotationKernel {
    static final float HALF_SQRT = (float) Math.sqrt(0.5);

    @Override
    public void rotate(float[] x, float[] signs, int rounds) {
        int n = x.length;
        int block = RotationKernel.block(n);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < n; i++) {
                x[i] *= signs[round * n + i];
            }
            hadamard(x, (round & 1) == 0 ? 0 : n - block, block);
            if (block < n) {
                halves(x);
            }
        }
    }

    private static void hadamard(float[] x, int from, int length) {
        for (int half = 1; half < length; half *= 2) {
            for (int i = from; i < from + length; i += 2 * half) {
                for (int j = i; j < i + half; j++) {
                    float a = x[j];
                    float b = x[j + half];
                    x[j] = a + b;
                    x[j + half] = a - b;
                }
            }
        }
    }

    private static void halves(float[] x) {
        int half = x.length / 2;
        for (int i = 0; i < half; i++) {
            float a = x[i];
            float b = x[i + half];
            x[i] = (a + b) * HALF_SQRT;
            x[i + half] = (a - b) * HALF_SQRT;
        }
    }

    @Override
    public float signBits(float[] x, long bits) {
        float sum = 0;
        for (int i = 0; i < x.length; i += 64) {
            long word = 0;
            for (int j = 0; j < 64; j++) {
                sum += Math.abs(x[i + j]);
                word |= (x[i + j] > 0 ? 1L : 0L) << j;
            }
            putLong(bits + i / 8, word);
        }
        return sum;
    }

    @Override
    public int levels(float[] x, float low, float inverseStep, long planes, int planeBytes) {
        int sum = 0;
        for (int i = 0; i < x.length; i += 64) {
            long[] words = new long[BitKernel.PLANES];
            for (int j = 0; j < 64; j++) {
                int level = Math.min(15, (int) ((x[i + j] - low) * inverseStep + 0.5f));
                sum += level;
                for (int plane = 0; plane < words.length; plane++) {
                    words[plane] |= (long) (level >>> plane & 1) << j;
                }
            }
            for (int plane = 0; plane < words.length; plane++) {
                putLong(planes + (long) plane * planeBytes + i / 8, words[plane]);
            }
        }
        return sum;
    }

    @Override
    public float product(float[] a, float[] b) {
        float sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Override
    public float least(float[] x) {
        float least = Float.POSITIVE_INFINITY;
        for (float each : x) {
            least = Math.min(least, each);
        }
        return least;
    }

    @Override
    public float most(float[] x) {
        float most = Float.NEGATIVE_INFINITY;
        for (float each : x) {
            most = Math.max(most, each);
        }
        return most;
    }
}
