package io.annexdb.sidecar.replication;

import java.util.concurrent.TimeUnit;

/**
 * For how long the server waits for word from us before it ends the stream: {@code
 * wal_sender_timeout} of our connection. It is short, because a fast shutdown of the server waits
 * as long for a sidecar that was stopped.
 *
 * <p>A server that is busy with one thing for longer, as was seen while it decoded a huge deletion,
 * then finds no word of ours and ends the connection, although we live; the next one would begin
 * with the same work and end the same way. So after a silence the time doubles, up to PostgreSQL's
 * own default, until a connection has lasted.
 */
final class SenderTimeout {
    static final int LEAST_MILLIS = 3_000;
    static final int MOST_MILLIS = 60_000;

    /** A server that has time sends a keepalive after half of the timeout. */
    private static final double SILENCE_SHARE = 0.6;

    private static final long LASTING_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long SILENCE_MIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private volatile int millis = LEAST_MILLIS;

    int millis() {
        return millis;
    }

    /** For how long we wait for word from the server: a keepalive is due twice in each timeout. */
    long silenceMaxNanos() {
        return Math.max(SILENCE_MIN_NANOS, TimeUnit.MILLISECONDS.toNanos(2L * millis));
    }

    /**
     * A connection has ended.
     *
     * @param lastedNanos since its stream was started
     * @param silentNanos in which the server was not heard of, at the end or just before it
     */
    void ended(long lastedNanos, long silentNanos) {
        int before = millis;
        if (silentNanos > SILENCE_SHARE * TimeUnit.MILLISECONDS.toNanos(before)) {
            millis = Math.min(MOST_MILLIS, 2 * before);
        } else if (lastedNanos > LASTING_NANOS) {
            millis = LEAST_MILLIS;
        }
    }
}
