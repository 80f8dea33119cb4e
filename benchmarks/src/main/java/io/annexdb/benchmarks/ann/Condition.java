package io.annexdb.benchmarks.ann;

import java.util.Locale;

/**
 * Under what an engine's curve is taken.
 *
 * @param threads searching threads, 1 to 1,024
 * @param writerRowsPerSecond rows replaced beside the searches; 0 for no writer
 * @param churned whether every row has been replaced before
 */
record Condition(int threads, int writerRowsPerSecond, boolean churned) {
    /** Searches by that many threads and nothing else. */
    static Condition searches(int threads) {
        return new Condition(threads, 0, false);
    }

    Condition withWriter(int rowsPerSecond) {
        return new Condition(threads, rowsPerSecond, churned);
    }

    Condition afterChurn() {
        return new Condition(threads, writerRowsPerSecond, true);
    }

    /** Whether rows change, which only a live index can take part in. */
    boolean writes() {
        return writerRowsPerSecond > 0 || churned;
    }

    /** What distinguishes it from the first condition of a run; empty for that one. */
    String suffix(Condition first) {
        StringBuilder words = new StringBuilder();
        if (threads != first.threads) {
            words.append(threads == 1 ? " 1 thread" : " " + threads + " threads");
        }
        if (writerRowsPerSecond > 0) {
            words.append(String.format(Locale.ROOT, " + %,d rows/s", writerRowsPerSecond));
        }
        if (churned) {
            words.append(" churned");
        }
        return words.toString();
    }
}
