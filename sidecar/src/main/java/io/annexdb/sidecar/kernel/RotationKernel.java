package io.annexdb.sidecar.kernel;

/**
 * What binary codes need of a rotated vector, on arrays whose length is a multiple of 64. All
 * methods are pure but for what they write.
 */
public interface RotationKernel {
    /**
     * A random orthogonal transformation in O(n log n): rounds of random signs, a Hadamard
     * transformation of the first or last 2^k elements by turns, and, where n is no power of two,
     * Givens rotations by 45° between both halves.
     *
     * @param x the vector, overwritten
     * @param signs per round n factors: ±1, inside the round's block divided by √(its length)
     * @param rounds number of rounds
     */
    void rotate(float[] x, float[] signs, int rounds);

    /** Writes bit i = (x[i] > 0); returns Σ|x[i]|. */
    float signBits(float[] x, long bits);

    /**
     * Writes levels 0 to 15 of the elements as four bit planes.
     *
     * @param low what level 0 stands for
     * @param inverseStep 1 / the difference of two levels
     * @return sum of the levels
     */
    int levels(float[] x, float low, float inverseStep, long planes, int planeBytes);

    /** Σ a[i] · b[i]. */
    float product(float[] a, float[] b);

    /** The smallest element. */
    float least(float[] x);

    /** The largest element. */
    float most(float[] x);

    /** The largest power of two that is not above n: the length of a block. */
    static int block(int n) {
        return Integer.highestOneBit(n);
    }
}
