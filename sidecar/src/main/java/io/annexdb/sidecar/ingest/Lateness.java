package io.annexdb.sidecar.ingest;

/**
 * How long ago the newest transaction committed that is not waiting to be applied. The time since
 * the last commit alone would call an idle server late as soon as it writes again, so the last time
 * at which nothing was left counts as well. Clocks of the two machines may differ a little. Written
 * by the ingest thread and whoever sees that nothing is left; read by any.
 */
final class Lateness {
    private static final double MICROS = 1_000_000;

    private volatile long committedMicros;
    private volatile long caughtUpMicros;

    /** A transaction was applied that committed at this time, since 1970-01-01 UTC. */
    void applied(long commitTimeMicros) {
        committedMicros = commitTimeMicros;
    }

    /** All that the server has flushed is applied. */
    void caughtUp(long nowMicros) {
        caughtUpMicros = nowMicros;
    }

    /** Seconds; 0 while nothing is known. */
    double seconds(long nowMicros) {
        long known = Math.max(committedMicros, caughtUpMicros);
        return known == 0 ? 0 : Math.max(0, (nowMicros - known) / MICROS);
    }
}
