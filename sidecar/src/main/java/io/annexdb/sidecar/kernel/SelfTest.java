package io.annexdb.sidecar.kernel;

import java.util.Optional;

/**
 * Compares a kernel with the scalar one: what it computes, and how long it takes. A vector
 * operation that the compiler cannot translate is boxed, and makes a kernel a hundred times slower
 * than a scalar one.
 */
final class SelfTest {
    private static final int[] DIMENSIONS = {16, 70, 384, 1000};
    private static final int[] SLOTS = {0, 3, 6, 2, 5, 1, 4};
    private static final int DIMENSION_TIMED = 384;
    private static final int SLOTS_TIMED = 64;
    private static final double SLOWER_MAX = 10;

    /** Before that a pause of the scalar kernel could let any other pass. */
    private static final int ROUNDS_LEAST = 10;

    private SelfTest() {}

    /** What the kernel computes that the specification does not. */
    static Optional<String> wrong(KernelKind kind, Kernel kernel) {
        Kernel scalar = new ScalarKernel(kind.metric(), kind.elements());
        for (int dimension : DIMENSIONS) {
            SampleVectors vectors = new SampleVectors(kind, dimension, SLOTS.length);
            float[] expected = new float[SLOTS.length];
            float[] actual = new float[SLOTS.length];
            vectors.score(scalar, SLOTS, expected);
            vectors.score(kernel, SLOTS, actual);
            for (int i = 0; i < SLOTS.length; i++) {
                if (!(Math.abs(expected[i] - actual[i]) <= 1e-4f * (1 + Math.abs(expected[i])))) {
                    return Optional.of(
                            "%s of %d elements gives %s, the specification says %s"
                                    .formatted(kind, dimension, actual[i], expected[i]));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * By how much the kernel is too slow.
     *
     * @param warmUpNanos how long it may take until the compiler has translated it
     */
    static Optional<String> slow(KernelKind kind, Kernel kernel, long warmUpNanos) {
        Kernel scalar = new ScalarKernel(kind.metric(), kind.elements());
        SampleVectors vectors = new SampleVectors(kind, DIMENSION_TIMED, SLOTS.length);
        int[] slots = new int[SLOTS_TIMED];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = SLOTS[i % SLOTS.length];
        }
        float[] out = new float[slots.length];
        long end = System.nanoTime() + warmUpNanos;
        long best = Long.MAX_VALUE;
        long bestScalar = Long.MAX_VALUE;
        int rounds = 0;
        do {
            long start = System.nanoTime();
            vectors.score(kernel, slots, out);
            long middle = System.nanoTime();
            vectors.score(scalar, slots, out);
            best = Math.min(best, middle - start);
            bestScalar = Math.min(bestScalar, System.nanoTime() - middle);
            rounds++;
        } while (rounds < ROUNDS_LEAST
                || (best > SLOWER_MAX * bestScalar && System.nanoTime() < end));
        if (best <= SLOWER_MAX * bestScalar) {
            return Optional.empty();
        }
        return Optional.of(
                "%s takes %,d ns for %d vectors, scalar %,d ns"
                        .formatted(kind, best, slots.length, bestScalar));
    }
}
