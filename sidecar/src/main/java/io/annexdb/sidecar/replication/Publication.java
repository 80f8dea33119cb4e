package io.annexdb.sidecar.replication;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The publication of this node: which relations it holds, changed only through the definer
 * functions of the SQL API, which refuse relations whose publication would break their users'
 * writes.
 *
 * <p>Whatever somebody else changes of it, and changes back, shows in its catalog rows: each has a
 * number and the transaction that wrote it. The stream says nothing, and from PostgreSQL 18 on not
 * even that a publication was missing for a while.
 *
 * @param header its row: number, transaction, and 1 when it publishes every kind of change of
 *     nothing but its members; empty when there is none
 * @param entries by the OID of each published relation its row, in the same way: 1 when all rows
 *     and columns are published
 */
public record Publication(String header, Map<Long, String> entries) {
    private static final String READ =
            """
            SELECT p.oid || ' ' || p.xmin || ' ' || (
                    p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate
                    AND NOT p.puballtables AND NOT p.pubviaroot AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_publication_namespace n
                        WHERE n.pnpubid = p.oid))::int,
                r.prrelid::bigint,
                r.oid || ' ' || r.xmin || ' ' || (r.prqual IS NULL AND r.prattrs IS NULL)::int
            FROM pg_catalog.pg_publication p
            LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
            WHERE p.pubname = '%s'
            """
                    .formatted(SourceSettings.PUBLICATION);

    public Publication {
        entries = Map.copyOf(entries);
    }

    /** Reads pg_publication_rel: pg_publication_tables would hide the shards of Citus. */
    public static Publication read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(READ)) {
            String header = "";
            Map<Long, String> entries = new HashMap<>();
            while (rows.next()) {
                header = rows.getString(1);
                long relation = rows.getLong(2);
                if (!rows.wasNull()) {
                    entries.put(relation, rows.getString(3));
                }
            }
            return new Publication(header, entries);
        }
    }

    public boolean exists() {
        return !header.isEmpty();
    }

    public Set<Long> relations() {
        return entries.keySet();
    }

    /** Whether it publishes every change of its relations, and of no other. */
    public boolean isWhole() {
        return header.endsWith(" 1") && entries.values().stream().allMatch(e -> e.endsWith(" 1"));
    }

    /** Whether changes of the relation were published all the time since that was read. */
    public boolean keeps(long relation, Publication before) {
        String entry = entries.get(relation);
        return header.equals(before.header)
                && header.endsWith(" 1")
                && entry != null
                && entry.endsWith(" 1")
                && entry.equals(before.entries.get(relation));
    }

    /** One line: what {@link #parse} reads. */
    public String text() {
        return entries.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(",", header + ";", ""));
    }

    /**
     * Reads what {@link #text} wrote.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Publication parse(String text) {
        int end = text.indexOf(';');
        if (end < 0) {
            throw new IllegalArgumentException("no publication: " + text);
        }
        Map<Long, String> entries = new HashMap<>();
        for (String each : text.substring(end + 1).split(",", -1)) {
            int space = each.indexOf(' ');
            if (space > 0) {
                entries.put(Long.valueOf(each.substring(0, space)), each.substring(space + 1));
            }
        }
        return new Publication(text.substring(0, end), entries);
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
