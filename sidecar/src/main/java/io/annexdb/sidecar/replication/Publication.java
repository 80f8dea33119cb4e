package io.annexdb.sidecar.replication;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The publication of this node: which relations it holds, changed only through the definer
 * functions of the SQL API, which refuse relations whose publication would break their users'
 * writes.
 *
 * @param oid OID of the publication; 0 when there is none. Another OID is another publication
 * @param relations OIDs of the published relations
 */
public record Publication(long oid, Set<Long> relations) {
    public Publication {
        relations = Set.copyOf(relations);
    }

    /** Reads pg_publication_rel: pg_publication_tables would hide the shards of Citus. */
    public static Publication read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT p.oid::bigint, r.prrelid::bigint"
                                        + " FROM pg_catalog.pg_publication p"
                                        + " LEFT JOIN pg_catalog.pg_publication_rel r"
                                        + " ON r.prpubid = p.oid WHERE p.pubname = '"
                                        + SourceSettings.PUBLICATION
                                        + "'")) {
            long oid = 0;
            Set<Long> relations = new HashSet<>();
            while (rows.next()) {
                oid = rows.getLong(1);
                long relation = rows.getLong(2);
                if (!rows.wasNull()) {
                    relations.add(relation);
                }
            }
            return new Publication(oid, relations);
        }
    }

    /** Makes the publication hold exactly these relations. */
    public static void publish(Connection connection, Collection<Long> relations)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT annex.publish(?::oid[])")) {
            statement.setString(
                    1,
                    relations.stream()
                            .map(String::valueOf)
                            .collect(Collectors.joining(",", "{", "}")));
            statement.execute();
        }
    }

    /** Drops the publication if it is there; without the SQL API there is none of ours. */
    public static void unpublish(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row =
                    statement.executeQuery(
                            "SELECT pg_catalog.to_regprocedure('annex.unpublish()') IS NOT NULL")) {
                row.next();
                if (!row.getBoolean(1)) {
                    return;
                }
            }
            statement.execute("SELECT annex.unpublish()");
        }
    }
}
