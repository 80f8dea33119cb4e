package io.annexdb.sidecar.flat;

/**
 * Scores by their vectors what was found by estimates, the nearest estimate first, and stops where
 * what is left is too far to be answered. RaBitQ (arXiv 2405.12497, section 4) decides that by a
 * bound of the error from theory; here the error is seen on the candidates scored first, so that it
 * fits any kind of code and the part of the data that the query is in. Most of a rerank is waiting
 * for vectors in memory, or on disk where they are mapped.
 */
public final class Rescore {
    /** Enough to see how far estimates err. */
    private static final int FIRST_LEAST = 24;

    private static final int STEP_LEAST = 8;

    /**
     * An estimate errs by more once in some hundred times. With 2 recall at ef 200 is .2 points
     * lower, with 3 some .04 higher, and no faster.
     */
    private static final float DEVIATIONS = 2.5f;

    private Rescore() {}

    /**
     * Gives candidates to the scan's collector.
     *
     * @param slots the candidates, nearest estimate first
     * @param estimates of their distances
     * @param n number of candidates
     * @param k number of rows that are wanted
     * @return how many were scored
     */
    public static int run(Scan scan, int[] slots, float[] estimates, int n, int k) {
        int first = Math.min(n, Math.max(FIRST_LEAST, k));
        float margin = DEVIATIONS * error(scan, slots, estimates, first);
        int step = Math.max(STEP_LEAST, k / 2);
        int scored = first;
        while (scored < n && estimates[scored] - margin <= scan.bound()) {
            int count = Math.min(step, n - scored);
            scan.these(slots, scored, count);
            scored += count;
        }
        return scored;
    }

    /** Scores the first candidates; returns the root mean square of their estimates' errors. */
    private static float error(Scan scan, int[] slots, float[] estimates, int count) {
        float[] distances = scan.distances(slots, count);
        double squares = 0;
        for (int i = 0; i < count; i++) {
            double error = distances[i] - estimates[i];
            squares += error * error;
        }
        return (float) Math.sqrt(squares / count);
    }
}
