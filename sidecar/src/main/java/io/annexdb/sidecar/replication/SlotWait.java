package io.annexdb.sidecar.replication;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Says which transactions a slot's creation waits for: a prepared one may be waited for forever.
 */
public final class SlotWait {
    private static final Logger LOG = LoggerFactory.getLogger(SlotWait.class);
    private static final int END_SECONDS = 5;
    private static final String END =
            """
            SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
            WHERE a.pid = ? AND a.backend_type = 'walsender'
            """;
    private static final String BLOCKERS =
            """
            SELECT CASE WHEN p.gid IS NOT NULL
                    THEN format('prepared transaction %L of %s since %s (%s)', p.gid, p.owner,
                        date_trunc('second', p.prepared),
                        date_trunc('second', clock_timestamp() - p.prepared))
                ELSE format('process %s (%s) in a transaction', h.pid, concat_ws(', ', a.usename,
                        coalesce(nullif(a.application_name, ''), a.backend_type)))
                    -- Of other roles only a role with pg_read_all_stats may know it.
                    || coalesce(' since ' || date_trunc('second', a.xact_start) || ' (' || date_trunc(
                        'second', clock_timestamp() - a.xact_start) || ')', '') END
            FROM pg_catalog.pg_locks w
            JOIN pg_catalog.pg_locks h ON h.locktype = 'transactionid' AND h.granted
                AND h.transactionid = w.transactionid
            LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = h.transactionid
            LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid
            WHERE w.pid = ? AND NOT w.granted AND w.locktype = 'transactionid'
            """;

    private SlotWait() {}

    /**
     * Ends a walsender that was left while it made a slot: it waits for transactions, and does not
     * see that nobody waits for it any more. One that ended by itself is none to be ended.
     */
    static void end(SourceSettings settings, int processId) {
        try (Connection connection = Connections.sql(settings, END_SECONDS);
                PreparedStatement statement = connection.prepareStatement(END)) {
            statement.setInt(1, processId);
            statement.execute();
        } catch (SQLException e) {
            LOG.warn("Walsender {} waits on for a slot: {}", processId, e.getMessage());
        }
    }

    /** Descriptions of what the process waits for; none when it does not wait. */
    public static List<String> blockers(Connection connection, int processId) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(BLOCKERS)) {
            statement.setInt(1, processId);
            try (ResultSet rows = statement.executeQuery()) {
                List<String> blockers = new ArrayList<>();
                while (rows.next()) {
                    blockers.add(rows.getString(1));
                }
                return blockers;
            }
        }
    }
}
