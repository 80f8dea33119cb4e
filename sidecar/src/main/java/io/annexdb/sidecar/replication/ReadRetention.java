package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.SlotRetention;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Reads how much write-ahead log the server keeps for a slot. */
public final class ReadRetention {
    private static final String QUESTION =
            """
            SELECT coalesce(pg_catalog.pg_wal_lsn_diff(
                    CASE WHEN pg_catalog.pg_is_in_recovery()
                        THEN pg_catalog.pg_last_wal_replay_lsn()
                        ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn), -1)::bigint,
                coalesce(s.safe_wal_size, -1),
                CASE WHEN g.setting::bigint < 0 THEN -1 ELSE g.setting::bigint * 1048576 END,
                coalesce(s.wal_status, '')
            FROM pg_catalog.pg_settings g
            LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = ?
            WHERE g.name = 'max_slot_wal_keep_size'
            """;

    private ReadRetention() {}

    /** What is kept for the slot of that name, and the server's limit. */
    public static SlotRetention read(Connection connection, String slotName) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(QUESTION)) {
            statement.setString(1, slotName);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? new SlotRetention(
                                row.getLong(1), row.getLong(2), row.getLong(3), row.getString(4))
                        : SlotRetention.NONE;
            }
        }
    }
}
