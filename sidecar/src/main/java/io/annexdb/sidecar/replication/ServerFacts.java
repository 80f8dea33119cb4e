package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * What a server says of itself before we rely on it.
 *
 * @param identity whose log it is
 * @param flushed end of its log
 * @param inRecovery whether it is a standby
 * @param walLevel setting wal_level
 * @param versionNumber server_version_num, for example 180006
 * @param history ancestors of its timeline
 */
record ServerFacts(
        ServerIdentity identity,
        Lsn flushed,
        boolean inRecovery,
        String walLevel,
        int versionNumber,
        TimelineHistory history) {
    /** Asks over a walsender connection. */
    static ServerFacts read(Connection walsender) throws SQLException {
        try (Statement statement = walsender.createStatement()) {
            String system;
            int timeline;
            Lsn flushed;
            try (ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
                row.next();
                system = row.getString("systemid");
                timeline = row.getInt("timeline");
                flushed = Lsn.parse(row.getString("xlogpos"));
            }
            TimelineHistory history = history(statement, timeline);
            try (ResultSet row =
                    statement.executeQuery(
                            "SELECT pg_is_in_recovery(), current_setting('wal_level'),"
                                    + " current_setting('server_version_num')::int, oid::bigint"
                                    + " FROM pg_catalog.pg_database"
                                    + " WHERE datname = current_database()")) {
                row.next();
                return new ServerFacts(
                        new ServerIdentity(system, timeline, row.getLong(4)),
                        flushed,
                        row.getBoolean(1),
                        row.getString(2),
                        row.getInt(3),
                        history);
            }
        }
    }

    /** The first timeline has no history file. */
    private static TimelineHistory history(Statement statement, int timeline) throws SQLException {
        if (timeline == 1) {
            return TimelineHistory.parse("");
        }
        try (ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + timeline)) {
            row.next();
            return TimelineHistory.parse(row.getString("content"));
        }
    }

    /** Older minors lose changes of a publication that grows (fixed in these). */
    Optional<String> minorVersionWarning() {
        int major = versionNumber / 10_000;
        int minor = versionNumber % 10_000;
        int least =
                switch (major) {
                    case 15 -> 14;
                    case 16 -> 10;
                    case 17 -> 6;
                    default -> 0;
                };
        return minor < least
                ? Optional.of(
                        "PostgreSQL "
                                + major
                                + "."
                                + minor
                                + " can lose changes of tables added to a publication; "
                                + major
                                + "."
                                + least
                                + " or newer is needed")
                : Optional.empty();
    }
}
