package io.annexdb.sidecar.query;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.PrimaryPosition;
import io.annexdb.sidecar.telemetry.Telemetry;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Makes a request wait until the indexes have seen what its consistency asks for.
 *
 * <p>Why the flush position: a commit is acknowledged only after its record is flushed (unless the
 * writer asked for asynchronous commit), and the insert position of an idle primary may lie ahead
 * of everything that will be streamed for seconds.
 */
public final class Fence {
    /** How often a waiting request looks whether it is still wanted, and can be answered. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final IndexRegistry registry;
    private final ReadPosition position;
    private final Telemetry telemetry;

    /** A fence before the indexes of one sidecar. */
    public Fence(PrimaryPosition primary, IndexRegistry registry, Telemetry telemetry) {
        this.registry = registry;
        this.position = new ReadPosition(primary, telemetry);
        this.telemetry = telemetry;
    }

    /**
     * Returns when everything up to the returned position is applied.
     *
     * @param deadlineNanos of {@link System#nanoTime}
     * @param cancelled asked every 50 ms
     * @param mayServe called as often; what it throws ends the wait. A stream that has lost its
     *     indexes brings nothing more
     * @return the position waited for; {@link Lsn#ZERO} under EVENTUAL
     * @throws AnnexException CONSISTENCY_TIMEOUT with both positions; NOT_SERVABLE if the primary
     *     cannot be read; QUERY_CANCELED
     */
    public Lsn await(
            Consistency consistency,
            Duration staleness,
            long deadlineNanos,
            BooleanSupplier cancelled,
            Runnable mayServe) {
        if (consistency == Consistency.EVENTUAL) {
            return Lsn.ZERO;
        }
        long began = System.nanoTime();
        try {
            Lsn wanted =
                    consistency == Consistency.STRONG
                            ? position.now(deadlineNanos)
                            : position.notOlderThan(staleness.toNanos(), deadlineNanos);
            awaitApplied(wanted, began, deadlineNanos, cancelled, mayServe);
            return wanted;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AnnexException(ErrorCode.ADMIN_SHUTDOWN, "the sidecar is stopping", null, e);
        } finally {
            telemetry.fenceWaited(System.nanoTime() - began);
        }
    }

    private void awaitApplied(
            Lsn wanted,
            long began,
            long deadlineNanos,
            BooleanSupplier cancelled,
            Runnable mayServe)
            throws InterruptedException {
        while (true) {
            long rest = deadlineNanos - System.nanoTime();
            if (registry.awaitApplied(wanted, Duration.ofNanos(Math.clamp(rest, 0, LOOK_NANOS)))) {
                return;
            }
            if (cancelled.getAsBoolean()) {
                throw new AnnexException(
                        ErrorCode.QUERY_CANCELED, "canceling statement due to user request", null);
            }
            mayServe.run();
            if (rest <= 0) {
                throw timedOut(wanted, began);
            }
        }
    }

    private AnnexException timedOut(Lsn wanted, long began) {
        return new AnnexException(
                ErrorCode.CONSISTENCY_TIMEOUT,
                "the index has not caught up after "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)
                        + " ms (waited_for_lsn="
                        + wanted
                        + ", applied_lsn="
                        + registry.appliedLsn()
                        + ")",
                "Raise annex.consistency_timeout, or ask with consistency 'eventual'.");
    }
}
