package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.RowKey;

import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A connection that sees an exported snapshot. Between two reads it holds no lock of a table, so
 * that whoever wants to alter or drop one waits for a part of it at most. A read that fails, also
 * because somebody else has locked the table for long, is no end of the snapshot.
 *
 * <p>Used by one thread; {@link #close} may come from another and ends whatever it waits for.
 */
public final class SnapshotReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotReader.class);
    private static final int SOCKET_TIMEOUT_SECONDS = 120;
    private static final int LOCK_SECONDS_MAX = 5;
    private static final int BUFFER_BYTES = 1 << 16;
    private static final String EXTENT =
            """
            SELECT pg_catalog.pg_relation_filenode(c.oid)::bigint,
                CASE WHEN m.amname = 'heap' THEN pg_catalog.pg_relation_size(c.oid)
                    / pg_catalog.current_setting('block_size')::bigint ELSE 0 END
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am m ON m.oid = c.relam WHERE c.oid = ?::bigint::oid
            """;

    private final Connection connection;

    private SnapshotReader(Connection connection) {
        this.connection = connection;
    }

    /** Takes a snapshot over; it must still be exported. */
    static SnapshotReader open(SourceSettings settings, String snapshot) throws SQLException {
        Connection connection = Connections.sql(settings, SOCKET_TIMEOUT_SECONDS);
        try {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                statement.execute("SET TRANSACTION SNAPSHOT '" + snapshot + "'");
                statement.execute("SET LOCAL lock_timeout = '" + LOCK_SECONDS_MAX + "s'");
            }
        } catch (SQLException e) {
            Connections.abort(connection);
            throw e;
        }
        return new SnapshotReader(connection);
    }

    /**
     * The table's file as it is now, which is not what it was when the snapshot was taken.
     *
     * @throws AnnexException NOT_SERVABLE when the table has gone
     */
    public TableExtent extent(long relationOid) throws SQLException {
        return apart(() -> readExtent(relationOid));
    }

    private TableExtent readExtent(long relationOid) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(EXTENT)) {
            statement.setLong(1, relationOid);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next() || row.getLong(1) == 0) {
                    throw new AnnexException(
                            ErrorCode.NOT_SERVABLE,
                            "relation " + relationOid + " was dropped before it was copied",
                            null);
                }
                return new TableExtent(row.getLong(1), row.getLong(2));
            }
        }
    }

    /** Gives each row of a part; it is valid during the call only. */
    public void rows(
            CopyQuery query, BlockRange part, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        copy(query.rows(part), query.columns().size(), rows, cancelled);
    }

    /** Gives the rows at these places. */
    public void rows(
            CopyQuery query, long[] places, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        copy(query.rows(places), query.columns().size(), rows, cancelled);
    }

    /** Gives the rows of these keys, of a relation's columns of that name. */
    public void rowsOf(
            CopyQuery query,
            List<Relation.Column> keyColumns,
            List<RowKey> keys,
            Consumer<Tuple> rows,
            BooleanSupplier cancelled)
            throws SQLException {
        copy(query.rowsOf(keyColumns, keys), query.columns().size(), rows, cancelled);
    }

    /** Gives each row of a part with its {@link RowPlace}, and the vector's hash for the vector. */
    public void hashes(
            CopyQuery query,
            BlockRange part,
            String vectorColumn,
            ElementType elements,
            Consumer<Tuple> rows,
            BooleanSupplier cancelled)
            throws SQLException {
        copy(
                query.hashes(part, vectorColumn, elements),
                query.columns().size() + 1,
                rows,
                cancelled);
    }

    /** Ends early, without an error, when cancelled says so after a row. */
    private void copy(String sql, int columns, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        apart(() -> {
            read(sql, columns, rows, cancelled);
            return true;
        });
    }

    private interface Step<T> {
        T run() throws SQLException;
    }

    private <T> T apart(Step<T> step) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SAVEPOINT annex_read");
            try {
                return step.run();
            } finally {
                releaseLocks(statement);
            }
        }
    }

    private void releaseLocks(Statement statement) {
        try {
            statement.execute("ROLLBACK TO SAVEPOINT annex_read");
        } catch (SQLException e) {
            LOG.debug("The snapshot is lost", e);
            close();
        }
    }

    /** Whether nothing more can be read. */
    public boolean isLost() {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            return true;
        }
    }

    private void read(String sql, int columns, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws SQLException {
        PGConnection server = connection.unwrap(PGConnection.class);
        try (InputStream in =
                new BufferedInputStream(new PGCopyInputStream(server, sql), BUFFER_BYTES)) {
            try {
                if (!give(new BinaryCopy(in, columns), rows, cancelled)) {
                    end(server, in);
                }
            } catch (RuntimeException e) {
                end(server, in);
                throw e;
            }
        } catch (IOException e) {
            if (e.getCause() instanceof SQLException cause) {
                throw cause;
            }
            throw new SQLException("the copy was cut off: " + e.getMessage(), "08006", e);
        }
    }

    /**
     * Gives the rows.
     *
     * @return false when it was ended before the last one
     */
    private static boolean give(BinaryCopy copy, Consumer<Tuple> rows, BooleanSupplier cancelled)
            throws IOException {
        for (Tuple row = copy.next(); row != null; row = copy.next()) {
            if (cancelled.getAsBoolean()) {
                return false;
            }
            rows.accept(row);
        }
        return true;
    }

    /**
     * Has the server end the statement, and takes what it has sent: closing the stream would leave
     * that to be taken for the answer of the next statement.
     */
    private void end(PGConnection server, InputStream in) {
        try {
            server.cancelQuery();
            in.transferTo(OutputStream.nullOutputStream());
        } catch (SQLException | IOException e) {
            LOG.debug("The statement was ended", e);
        }
    }

    @Override
    public void close() {
        Connections.abort(connection);
    }
}
