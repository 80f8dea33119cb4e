package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.SQLException;

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

    /** Drops a slot of that name, if there is one, and makes a new one. */
    public Created recreate() throws SQLException {
        try (Connection connection = Connections.replication(settings)) {
            walsender = connection;
            ServerFacts server = ServerFacts.read(connection);
            ConnectChecks.requireSource(server);
            try (Connection sql = Connections.sql(settings, 10)) {
                Slot.drop(sql, settings.slotName());
            }
            Failpoint.SLOT_DROPPED.pass();
            processId = Connections.processId(connection);
            Slot.Created slot = Slot.create(connection, settings.slotName(), false, false);
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

    @Override
    public void close() {
        Connection current = walsender;
        if (current != null) {
            Connections.abort(current);
        }
    }
}
