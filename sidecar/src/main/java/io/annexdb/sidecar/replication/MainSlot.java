package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Makes the sidecar's lasting slot. Waits for every transaction that runs, so it has an object of
 * its own that can be asked what it waits for, and be closed from another thread.
 */
public final class MainSlot implements AutoCloseable {
    /** The new slot's beginning, and whose log it is. */
    public record Created(Lsn consistentPoint, ServerIdentity identity) {}

    private final SourceSettings settings;
    private volatile @Nullable Connection walsender;
    private volatile int processId;

    public MainSlot(SourceSettings settings) {
        this.settings = settings;
    }

    /** Process that is making the slot, for {@link SlotWait}; 0 when none is. */
    public int processId() {
        return processId;
    }

    /**
     * Drops a slot of that name, if there is one of this database, and makes a new one.
     *
     * @throws AnnexException CONFIGURATION if the slot is another database's, or the server cannot
     *     be a source; NOT_SERVABLE if it is a standby
     */
    public Created recreate() throws SQLException {
        try (Connection connection = Connections.replication(settings)) {
            walsender = connection;
            ServerFacts server = ServerFacts.read(connection);
            ConnectChecks.requireSource(server);
            ConnectChecks.requireVersion(server);
            try (Connection sql = Connections.sql(settings, 10)) {
                Slot.drop(sql, settings.slotName());
                requireFree(Slot.read(sql, settings.slotName()));
            }
            Failpoint.SLOT_DROPPED.pass();
            processId = Connections.processId(connection);
            Slot.Created slot =
                    Slot.createLasting(connection, settings.slotName(), server.versionNumber());
            processId = 0;
            return new Created(slot.consistentPoint(), server.identity());
        } finally {
            walsender = null;
            int left = processId;
            processId = 0;
            if (left != 0) {
                SlotWait.end(settings, left);
            }
        }
    }

    private void requireFree(Optional<Slot> slot) {
        if (slot.isPresent()) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "replication slot "
                            + settings.slotName()
                            + " belongs to another database: "
                            + slot.get(),
                    "Give each sidecar of the server a name of its own; or, if that one is no more,"
                            + " SELECT pg_drop_replication_slot('"
                            + settings.slotName()
                            + "').");
        }
    }

    @Override
    public void close() {
        Connection current = walsender;
        if (current != null) {
            Connections.abort(current);
        }
    }
}
