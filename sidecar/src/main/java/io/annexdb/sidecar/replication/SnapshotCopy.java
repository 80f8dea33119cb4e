package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyInputStream;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A table's rows as of an exact position of the log: a temporary slot exports a snapshot, an
 * ordinary connection takes it over, the slot goes away, COPY reads under the snapshot. The main
 * stream must carry the table before this begins; making the slot waits for all transactions that
 * run at that time, and so for those that wrote before the table was published.
 *
 * <p>Used by one thread; {@link #close} may come from another and ends whatever it waits for.
 */
public final class SnapshotCopy implements AutoCloseable {
    private static final int SOCKET_TIMEOUT_SECONDS = 120;

    private final SourceSettings settings;
    private volatile @Nullable Connection walsender;
    private volatile @Nullable Connection reader;
    private volatile int processId;
    private volatile boolean closed;

    public SnapshotCopy(SourceSettings settings) {
        this.settings = settings;
    }

    /** Process that is making the slot, for {@link SlotWait}; 0 when none is. */
    public int slotProcessId() {
        return processId;
    }

    /**
     * Takes the snapshot.
     *
     * @param slotName name of the temporary slot, free for us to use
     * @return the consistent point: exactly what committed before it is in the snapshot
     */
    public Lsn takeSnapshot(String slotName) throws SQLException {
        try (Connection slotConnection = Connections.replication(settings)) {
            walsender = slotConnection;
            requireOpen();
            processId = Connections.processId(slotConnection);
            Slot.Created slot = Slot.create(slotConnection, slotName, true, true);
            processId = 0;
            Connection copyConnection = Connections.sql(settings, SOCKET_TIMEOUT_SECONDS);
            reader = copyConnection;
            requireOpen();
            copyConnection.setAutoCommit(false);
            try (Statement statement = copyConnection.createStatement()) {
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                statement.execute("SET TRANSACTION SNAPSHOT '" + slot.snapshot() + "'");
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

    /**
     * Reads all rows of exactly this relation, not of its children.
     *
     * @param relation schema-qualified and quoted
     * @param columns which columns, unquoted
     * @param rows gets each row; it is valid during the call only
     * @param cancelled asked after each row; when true the copy ends early
     */
    public void copy(
            String relation, List<String> columns, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        Connection current = reader;
        if (current == null) {
            throw new IllegalStateException("no snapshot was taken");
        }
        String query =
                columns.stream()
                        .map(SnapshotCopy::quoted)
                        .collect(
                                Collectors.joining(
                                        ", ",
                                        "COPY (SELECT ",
                                        " FROM ONLY " + relation + ") TO STDOUT (FORMAT binary)"));
        try (InputStream in =
                new BufferedInputStream(
                        new PGCopyInputStream(current.unwrap(PGConnection.class), query),
                        1 << 16)) {
            BinaryCopy copy = new BinaryCopy(in, columns.size());
            for (Tuple row = copy.next(); row != null; row = copy.next()) {
                rows.accept(row);
                if (cancelled.getAsBoolean()) {
                    close();
                    return;
                }
            }
        } catch (IOException e) {
            if (e.getCause() instanceof SQLException cause) {
                throw cause;
            }
            throw new SQLException("the copy was cut off: " + e.getMessage(), "08006", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        abort(walsender);
        abort(reader);
    }

    private void requireOpen() {
        if (closed) {
            throw new AnnexException(ErrorCode.ADMIN_SHUTDOWN, "the copy was cancelled", null);
        }
    }

    private static void abort(@Nullable Connection connection) {
        if (connection != null) {
            Connections.abort(connection);
        }
    }

    private static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }
}
