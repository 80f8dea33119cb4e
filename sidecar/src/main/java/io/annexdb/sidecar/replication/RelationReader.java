package io.annexdb.sidecar.replication;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads relations from the catalog: two statements, however many relations. */
public final class RelationReader {
    private static final String RELATIONS =
            """
            SELECT c.oid::bigint, c.relpersistence = 'p', c.relreplident,
                pg_catalog.pg_relation_filenode(c.oid)::bigint, greatest(c.reltuples, 0)::bigint,
                ARRAY(SELECT a.attname::text
                    FROM pg_catalog.pg_index i
                    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, place)
                    JOIN pg_catalog.pg_attribute a
                        ON a.attrelid = c.oid AND a.attnum = k.attnum
                    WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
                        AND k.place <= i.indnkeyatts
                        AND CASE c.relreplident
                            WHEN 'd' THEN i.indisprimary WHEN 'f' THEN i.indisprimary
                            WHEN 'i' THEN i.indisreplident ELSE false END
                    ORDER BY k.place)
            FROM pg_catalog.pg_class c WHERE c.oid = ANY (?::oid[]) AND c.relkind = 'r'
            """;

    /** A domain is followed to its base type, as the stream does. */
    private static final String COLUMNS =
            """
            WITH RECURSIVE columns AS (
                SELECT attrelid, attnum, attname, atttypid FROM pg_catalog.pg_attribute
                WHERE attrelid = ANY (?::oid[]) AND attname = ANY (?)
                    AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
            bases (type, base) AS (
                SELECT DISTINCT atttypid, atttypid FROM columns
                UNION ALL
                SELECT b.type, t.typbasetype FROM bases b
                JOIN pg_catalog.pg_type t ON t.oid = b.base WHERE t.typtype = 'd')
            SELECT c.attrelid::bigint, c.attname, t.oid::bigint, n.nspname, t.typname
            FROM columns c
            JOIN bases b ON b.type = c.atttypid
            JOIN pg_catalog.pg_type t ON t.oid = b.base AND t.typtype <> 'd'
            JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
            ORDER BY c.attrelid, c.attnum
            """;

    private RelationReader() {}

    /**
     * The relations that exist, by OID.
     *
     * @param columns names of the columns of interest
     */
    public static Map<Long, RelationFacts> read(
            Connection connection, Collection<Long> oids, Collection<String> columns)
            throws SQLException {
        if (oids.isEmpty()) {
            return Map.of();
        }
        Array oidArray = connection.createArrayOf("int8", oids.toArray());
        Map<Long, List<Relation.Column>> columnsOf = columns(connection, oidArray, columns);
        Map<Long, RelationFacts> relations = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(RELATIONS)) {
            statement.setArray(1, oidArray);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    long oid = row.getLong(1);
                    relations.put(
                            oid,
                            new RelationFacts(
                                    oid,
                                    row.getBoolean(2),
                                    row.getString(3).charAt(0),
                                    row.getLong(4),
                                    row.getLong(5),
                                    CatalogReader.texts(row.getArray(6)),
                                    columnsOf.getOrDefault(oid, List.of())));
                }
            }
        }
        return relations;
    }

    private static Map<Long, List<Relation.Column>> columns(
            Connection connection, Array oids, Collection<String> names) throws SQLException {
        Map<Long, List<Relation.Column>> columnsOf = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(COLUMNS)) {
            statement.setArray(1, oids);
            statement.setArray(2, connection.createArrayOf("text", names.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    long typeOid = row.getLong(3);
                    TypeName type = new TypeName(typeOid, row.getString(4), row.getString(5));
                    columnsOf
                            .computeIfAbsent(row.getLong(1), oid -> new ArrayList<>())
                            .add(
                                    new Relation.Column(
                                            row.getString(2),
                                            ColumnType.of(typeOid, type),
                                            typeOid,
                                            type,
                                            false));
                }
            }
        }
        return columnsOf;
    }
}
