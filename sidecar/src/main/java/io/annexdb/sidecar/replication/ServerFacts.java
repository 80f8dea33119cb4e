package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.TimelineHistory;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a server says of itself before we rely on it.
 *
 * @param identity whose log it is
 * @param database name of the database
 * @param flushed end of its log
 * @param inRecovery whether it is a standby
 * @param walLevel setting wal_level
 * @param versionNumber server_version_num, for example 180006
 */
record ServerFacts(
        ServerIdentity identity,
        String database,
        Lsn flushed,
        boolean inRecovery,
        String walLevel,
        int versionNumber) {
    /**
     * Asks over a walsender connection. Whether it is a standby comes first: one that is promoted
     * meanwhile is taken for a standby, and never for a primary on the timeline that it left.
     */
    static ServerFacts read(Connection walsender) throws SQLException {
        try (Statement statement = walsender.createStatement()) {
            boolean inRecovery;
            String walLevel;
            int versionNumber;
            String database;
            long databaseOid;
            try (ResultSet row =
                    statement.executeQuery(
                            "SELECT pg_is_in_recovery(), current_setting('wal_level'),"
                                    + " current_setting('server_version_num')::int, datname,"
                                    + " oid::bigint FROM pg_catalog.pg_database"
                                    + " WHERE datname = current_database()")) {
                row.next();
                inRecovery = row.getBoolean(1);
                walLevel = row.getString(2);
                versionNumber = row.getInt(3);
                database = row.getString(4);
                databaseOid = row.getLong(5);
            }
            String system;
            int timeline;
            Lsn flushed;
            try (ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
                row.next();
                system = row.getString("systemid");
                timeline = row.getInt("timeline");
                flushed = Lsn.parse(row.getString("xlogpos"));
            }
            ServerIdentity identity =
                    new ServerIdentity(
                            system, group(statement), databaseOid, history(statement, timeline));
            return new ServerFacts(
                    identity, database, flushed, inRecovery, walLevel, versionNumber);
        }
    }

    private static int group(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery(
                        "SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'")) {
            if (!row.next()) {
                return 0;
            }
        }
        try (ResultSet row =
                statement.executeQuery("SELECT groupid FROM pg_catalog.pg_dist_local_group")) {
            return row.next() ? row.getInt(1) : 0;
        }
    }

    /** The first timeline has no history file. */
    private static TimelineHistory history(Statement statement, int timeline) throws SQLException {
        if (timeline == 1) {
            return TimelineHistory.first();
        }
        try (ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + timeline)) {
            row.next();
            return TimelineHistory.parse(timeline, row.getString("content"));
        }
    }
}
