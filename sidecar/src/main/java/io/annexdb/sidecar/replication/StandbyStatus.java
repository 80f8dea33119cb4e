package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The standby status update, message {@code r}: written, flushed, applied, clock, reply wanted.
 * Pure but for the clock.
 *
 * <p>The flushed position is what moves the slot. Outside an acknowledgement we send 0/0, "none": a
 * server that shuts down waits until the flushed position, if there is one, has reached its end,
 * and ours is behind by design.
 */
final class StandbyStatus {
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    private StandbyStatus() {}

    static byte[] encode(Lsn written, Lsn flushed) {
        return ByteBuffer.allocate(34)
                .put((byte) 'r')
                .putLong(written.value())
                .putLong(flushed.value())
                .putLong(0)
                .putLong(ChronoUnit.MICROS.between(EPOCH, Instant.now()))
                .put((byte) 0)
                .array();
    }
}
