package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Tables' rows as of an exact position of the log: a temporary slot exports a snapshot, ordinary
 * connections take it over, the slot goes away, COPY reads under the snapshot. The main stream must
 * carry the tables before this begins; making the slot waits for all transactions that run at that
 * time, and so for those that wrote before the tables were published.
 *
 * <p>Used by one thread; {@link #close} may come from another and ends whatever it waits for.
 */
public final class SnapshotCopy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotCopy.class);

    private final SourceSettings settings;
    private final List<SnapshotReader> readers = new CopyOnWriteArrayList<>();
    private volatile @Nullable Connection walsender;
    private volatile int processId;
    private volatile boolean closed;

    public SnapshotCopy(SourceSettings settings) {
        this.settings = settings;
    }

    /** Process that is making the slot, for {@link SlotWait}; 0 when none is. */
    public int slotProcessId() {
        return processId;
    }

    /** Takes the snapshot, for one connection. */
    public Lsn takeSnapshot(String slotName) throws SQLException {
        return takeSnapshot(slotName, 1);
    }

    /**
     * Takes the snapshot.
     *
     * @param slotName name of the temporary slot, free for us to use
     * @param connections how many are to read it; there are fewer when the server has no more
     * @return the consistent point: exactly what committed before it is in the snapshot
     */
    public Lsn takeSnapshot(String slotName, int connections) throws SQLException {
        try (Connection slotConnection = Connections.replication(settings)) {
            walsender = slotConnection;
            requireOpen();
            processId = Connections.processId(slotConnection);
            Slot.Created slot = Slot.createTemporary(slotConnection, slotName);
            processId = 0;
            String snapshot = Objects.requireNonNull(slot.snapshot());
            open(snapshot);
            for (int more = 1; more < connections; more++) {
                try {
                    open(snapshot);
                } catch (SQLException e) {
                    LOG.warn("{} connections read it: {}", readers.size(), e.getMessage());
                    break;
                }
            }
            return slot.consistentPoint();
        } finally {
            walsender = null;
            int left = processId;
            processId = 0;
            if (left != 0) {
                SlotWait.end(settings, left);
            }
        }
    }

    private void open(String snapshot) throws SQLException {
        requireOpen();
        readers.add(SnapshotReader.open(settings, snapshot));
        if (closed) {
            close();
            requireOpen();
        }
    }

    /** The connections, each for one thread. */
    public List<SnapshotReader> readers() {
        return readers;
    }

    /** Reads all rows of a relation with the first connection; see {@link SnapshotReader}. */
    public void copy(
            String relation, List<String> columns, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        if (readers.isEmpty()) {
            throw new IllegalStateException("no snapshot was taken");
        }
        readers.getFirst().rows(new CopyQuery(relation, columns), BlockRange.ALL, rows, cancelled);
    }

    @Override
    public void close() {
        closed = true;
        Connection making = walsender;
        if (making != null) {
            Connections.abort(making);
        }
        readers.forEach(SnapshotReader::close);
    }

    private void requireOpen() {
        if (closed) {
            throw new AnnexException(ErrorCode.ADMIN_SHUTDOWN, "the copy was cancelled", null);
        }
    }
}
