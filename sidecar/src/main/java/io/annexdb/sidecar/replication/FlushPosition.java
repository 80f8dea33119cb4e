package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;

/**
 * Reads the primary's flush position over a connection of its own, made again when it is lost. One
 * reader at a time; whoever has many waiting searches asks once for all.
 */
public final class FlushPosition implements AutoCloseable {
    /** WAL is written in whole pages of this size when it is not written for a commit. */
    private static final long PAGE_BYTES = 8_192;

    private static final int SOCKET_TIMEOUT_SECONDS = 5;

    /** A connection to another server than the indexes' may be to the one that was before. */
    private static final long REOPEN_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * Whether commits of this server, database or of one of its roles may be acknowledged
     * unflushed.
     */
    private static final String COMMITS_ARE_ASYNCHRONOUS =
            "SELECT pg_catalog.current_setting('synchronous_commit') = 'off' OR EXISTS (SELECT FROM"
                    + " pg_catalog.pg_db_role_setting WHERE 'synchronous_commit=off' ="
                    + " ANY (setconfig))";

    /**
     * Whose log a primary writes. An open connection's stays the same: a promotion ends recovery,
     * in which nothing of this can be asked.
     */
    private static final String WHOSE_LOG =
            "SELECT system_identifier::text, ('x' || left(pg_catalog.pg_walfile_name("
                    + "pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int,"
                    + " (SELECT oid::bigint FROM pg_catalog.pg_database"
                    + " WHERE datname = current_database())"
                    + " FROM pg_catalog.pg_control_system()";

    /** Whose log the positions are of that the connection reads. */
    private record Whose(String systemIdentifier, int timeline, long databaseOid) {
        static Whose of(ServerIdentity server) {
            return new Whose(
                    server.systemIdentifier(), server.history().timeline(), server.databaseOid());
        }
    }

    private final SourceSettings settings;
    private @Nullable PreparedStatement query;
    private @Nullable Whose whose;
    private long openedNanos;
    private boolean commitsAreAsynchronous;
    private volatile @Nullable Connection connection;
    private volatile Lsn last = Lsn.ZERO;
    private volatile boolean closed;

    public FlushPosition(SourceSettings settings) {
        this.settings = settings;
    }

    /** The newest position read so far, without asking; for displays. */
    public Lsn last() {
        return last;
    }

    /**
     * The position of the server whose log the indexes follow. A promoted one's tells nothing of
     * indexes that may hold what it never got, until the connect checks have compared them.
     *
     * @throws AnnexException NOT_SERVABLE if it cannot be read, or is another server's
     */
    public synchronized Lsn flushLsnOf(ServerIdentity ours) {
        Whose wanted = Whose.of(ours);
        Lsn flushed = flushLsn();
        if (!wanted.equals(whose) && System.nanoTime() - openedNanos > REOPEN_NANOS) {
            discard();
            flushed = flushLsn();
        }
        if (!wanted.equals(whose)) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    "the primary's log is " + whose + ", the indexes are of " + wanted,
                    "The indexes are compared with the server as soon as the stream reaches it.");
        }
        return flushed;
    }

    /**
     * The position of whichever server is the primary now.
     *
     * @throws AnnexException NOT_SERVABLE if it cannot be read
     */
    public synchronized Lsn flushLsn() {
        try {
            return read();
        } catch (SQLException lost) {
            discard();
            try {
                return read();
            } catch (SQLException e) {
                discard();
                throw new AnnexException(
                        ErrorCode.NOT_SERVABLE,
                        "cannot read the primary's position: " + e.getMessage(),
                        "Check that the sidecar's PostgreSQL is up and a primary.",
                        e);
            }
        }
    }

    /** May be called while another thread waits for the server. */
    @Override
    public void close() {
        closed = true;
        Connection current = connection;
        if (current != null) {
            Connections.abort(current);
        }
    }

    private Lsn read() throws SQLException {
        PreparedStatement statement = query;
        if (statement == null) {
            statement = open();
        }
        if (commitsAreAsynchronous) {
            flush();
        }
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            Lsn flushed = Lsn.parse(row.getString(1));
            last = last.max(flushed);
            if (flushed.value() % PAGE_BYTES == 0) {
                // Perhaps within a record whose rest is still in memory. The stream cannot pass it
                // before the next flush, which on a quiet server takes up to 20 s.
                flush();
            }
            return flushed;
        }
    }

    private PreparedStatement open() throws SQLException {
        if (closed) {
            throw new SQLException("the sidecar is stopping", "57P01");
        }
        Connection opened = Connections.sql(settings, SOCKET_TIMEOUT_SECONDS);
        connection = opened;
        openedNanos = System.nanoTime();
        try (Statement statement = opened.createStatement()) {
            try (ResultSet row = statement.executeQuery(COMMITS_ARE_ASYNCHRONOUS)) {
                row.next();
                commitsAreAsynchronous = row.getBoolean(1);
            }
            try (ResultSet row = statement.executeQuery(WHOSE_LOG)) {
                row.next();
                whose = new Whose(row.getString(1), row.getInt(2), row.getLong(3));
            }
        }
        PreparedStatement statement =
                opened.prepareStatement("SELECT pg_catalog.pg_current_wal_flush_lsn()::text");
        query = statement;
        return statement;
    }

    /**
     * Flushes what has been written by committing an empty message (0.5 ms): commits that were
     * acknowledged unflushed, and the rest of a record that a flushed page ends in.
     */
    private void flush() throws SQLException {
        Connection current = connection;
        if (current != null) {
            EmptyMessage.write(current);
        }
    }

    private void discard() {
        Connection current = connection;
        query = null;
        connection = null;
        if (current != null) {
            Connections.abort(current);
        }
    }
}
