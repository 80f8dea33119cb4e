package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * Our replication slot as the server shows it, and the statements that make and drop it.
 *
 * @param plugin output plugin, null for a physical slot
 * @param database its database, null for a physical slot
 * @param lost whether the server removed log it would need
 * @param confirmedFlush what was acknowledged: the server starts after it
 */
public record Slot(
        @Nullable String plugin, @Nullable String database, boolean lost, Lsn confirmedFlush) {
    private static final String OBJECT_IN_USE = "55006";
    private static final long DROP_WAIT_MILLIS = 3_000;
    private static final int FIRST_WITH_FAILOVER = 170_000;

    /** A slot just made, and the snapshot that fits it. */
    record Created(Lsn consistentPoint, @Nullable String snapshot) {}

    public static Optional<Slot> read(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT plugin, database, coalesce(wal_status = 'lost', false),"
                                        + " coalesce(confirmed_flush_lsn, '0/0')::text"
                                        + " FROM pg_catalog.pg_replication_slots"
                                        + " WHERE slot_name = '"
                                        + name
                                        + "'")) {
            return row.next()
                    ? Optional.of(
                            new Slot(
                                    row.getString(1),
                                    row.getString(2),
                                    row.getBoolean(3),
                                    Lsn.parse(row.getString(4))))
                    : Optional.empty();
        }
    }

    /**
     * Makes a lasting logical slot over a walsender connection. Waits for every transaction that
     * runs now, prepared ones included. From PostgreSQL 17 on, standbys that synchronize slots have
     * it too, so that it survives a promotion.
     */
    static Created createLasting(Connection walsender, String name, int versionNumber)
            throws SQLException {
        boolean canFailOver = versionNumber >= FIRST_WITH_FAILOVER;
        return create(
                walsender,
                name
                        + " LOGICAL pgoutput (SNAPSHOT 'nothing'"
                        + (canFailOver ? ", FAILOVER)" : ")"));
    }

    /** Makes one that goes with its connection, and exports its snapshot; waits as the other. */
    static Created createTemporary(Connection walsender, String name) throws SQLException {
        return create(walsender, name + " TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')");
    }

    private static Created create(Connection walsender, String slot) throws SQLException {
        String command = "CREATE_REPLICATION_SLOT " + slot;
        try (Statement statement = walsender.createStatement();
                ResultSet row = statement.executeQuery(command)) {
            row.next();
            return new Created(
                    Lsn.parse(row.getString("consistent_point")), row.getString("snapshot_name"));
        }
    }

    /**
     * Drops the slot if it is there and of this database: names are those of the cluster, and one
     * of another database is another sidecar's. Waits a little for a walsender that is just ending.
     *
     * @return whether it was there
     */
    public static boolean drop(Connection connection, String name) throws SQLException {
        long deadline = System.nanoTime() + DROP_WAIT_MILLIS * 1_000_000;
        while (true) {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM"
                                    + " pg_catalog.pg_replication_slots WHERE slot_name = ?"
                                    + " AND database = current_database()")) {
                statement.setString(1, name);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next();
                }
            } catch (SQLException e) {
                if (!OBJECT_IN_USE.equals(e.getSQLState()) || System.nanoTime() > deadline) {
                    throw e;
                }
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AnnexException(ErrorCode.ADMIN_SHUTDOWN, "interrupted", null, e);
        }
    }
}
