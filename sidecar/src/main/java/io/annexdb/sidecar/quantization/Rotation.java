package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.BitKernels;
import io.annexdb.sidecar.kernel.RotationKernel;

import java.util.SplittableRandom;

/**
 * A random rotation of vectors padded to a multiple of 64 elements. It spreads what a vector says
 * evenly over its elements, so that one bit of each is worth the same.
 */
final class Rotation {
    private static final int ROUNDS = 4;

    private final int length;
    private final float[] signs;
    private final RotationKernel kernel = BitKernels.rotation();

    /**
     * @param dimension elements of a vector
     * @param seed the same seed gives the same rotation
     */
    Rotation(int dimension, long seed) {
        length = (dimension + 63) / 64 * 64;
        signs = new float[ROUNDS * length];
        SplittableRandom random = new SplittableRandom(seed);
        int block = RotationKernel.block(length);
        float factor = (float) (1 / Math.sqrt(block));
        for (int round = 0; round < ROUNDS; round++) {
            int from = (round & 1) == 0 ? 0 : length - block;
            for (int i = 0; i < length; i++) {
                float size = i >= from && i < from + block ? factor : 1f;
                signs[round * length + i] = random.nextBoolean() ? size : -size;
            }
        }
    }

    /** Elements of a rotated vector. */
    int length() {
        return length;
    }

    /** Rotates in place; lengths and angles stay. */
    void apply(float[] vector) {
        kernel.rotate(vector, signs, ROUNDS);
    }

    long bytes() {
        return signs.length * 4L;
    }
}
