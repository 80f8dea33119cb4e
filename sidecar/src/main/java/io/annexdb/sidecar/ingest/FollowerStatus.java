package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.SlotRetention;
import io.annexdb.sidecar.model.StreamState;

import java.util.Map;
import java.util.Optional;

/**
 * How the follower is, at one moment.
 *
 * @param streaming whether changes are coming in
 * @param error why not, or what else went wrong last; empty when all is well
 * @param slot name of the replication slot
 * @param flushed newest known flush position of the primary
 * @param received end of the newest transaction or keepalive from the stream
 * @param applied position applied to the indexes
 * @param durable position that survives a crash
 * @param lagSeconds how long ago the newest commit was made that does not wait to be applied; 0
 *     when none waits
 * @param retention log that the server keeps for the slot
 * @param activities by index number, what is being done for an index
 */
public record FollowerStatus(
        boolean streaming,
        Optional<String> error,
        String slot,
        Lsn flushed,
        Lsn received,
        Lsn applied,
        Lsn durable,
        double lagSeconds,
        SlotRetention retention,
        Map<Long, IndexActivity> activities) {
    public FollowerStatus {
        activities = Map.copyOf(activities);
    }

    /** Bytes of log flushed by the primary and not yet applied here. */
    public long lagBytes() {
        return Math.max(0, flushed.value() - applied.value());
    }

    /** The part that searches and status displays ask for. */
    public StreamState streamState() {
        return new StreamState(streaming, slot, flushed, error.orElse(null), lagSeconds, retention);
    }
}
