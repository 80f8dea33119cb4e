package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.telemetry.ConnectCheck;

import java.util.Optional;

/**
 * Why the stream cannot go on from where the indexes are.
 *
 * @param check what does not hold
 * @param reason with the numbers of both sides
 * @param rewindTo where the indexes can go back to, when all that is wrong is that they have what
 *     the server's log has not: from there the slot has everything
 */
public record FailedCheck(ConnectCheck check, String reason, Optional<Lsn> rewindTo) {
    static FailedCheck of(ConnectCheck check, String reason) {
        return new FailedCheck(check, reason, Optional.empty());
    }

    FailedCheck rewindingTo(Optional<Lsn> position) {
        return new FailedCheck(check, reason, position);
    }
}
