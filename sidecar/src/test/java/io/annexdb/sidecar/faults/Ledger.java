package io.annexdb.sidecar.faults;

import io.annexdb.sidecar.model.Lsn;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the writers wrote, transaction by transaction, each with the exact end of its commit record.
 * That comes from a replication slot of the judge's own; so it is also known of a transaction whose
 * COMMIT was never answered, and of one that has no commit that it came to nothing.
 */
final class Ledger {
    private static final String SLOT = "judge";

    /** Of a transaction, by key the vector that it left; an empty one where it deleted the row. */
    private final Map<Long, Map<Long, float[]>> written = new ConcurrentHashMap<>();

    private final Map<Long, Lsn> ends = new HashMap<>();

    /** By key its versions, by the position from which on each holds; empty where it is gone. */
    private final Map<Long, NavigableMap<Lsn, float[]>> versions = new HashMap<>();

    /** Begins to listen to the table's commits. */
    static Ledger open(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            close(connection);
            statement.execute("create publication " + SLOT + " for table " + table);
            statement.execute(
                    "select pg_create_logical_replication_slot('" + SLOT + "', 'pgoutput')");
        }
        return new Ledger();
    }

    static void close(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where"
                            + " slot_name = '"
                            + SLOT
                            + "'");
            statement.execute("drop publication if exists " + SLOT);
        }
    }

    /** Notes what a transaction is about to commit. */
    void record(long transaction, Map<Long, float[]> changes) {
        written.put(transaction, Map.copyOf(changes));
    }

    /** Learns the commits so far; writers must be at rest. Returns how many are known. */
    int resolve(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                // Commit: 'C', flags, position of the record, its end.
                                "select xid::text, encode(substr(data, 11, 8), 'hex') from"
                                        + " pg_logical_slot_get_binary_changes('"
                                        + SLOT
                                        + "', null, null, 'proto_version', '1',"
                                        + " 'publication_names', '"
                                        + SLOT
                                        + "') where get_byte(data, 0) = 67")) {
            while (row.next()) {
                ends.put(row.getLong(1), new Lsn(Long.parseUnsignedLong(row.getString(2), 16)));
            }
        }
        ends.forEach((transaction, end) -> {
            Map<Long, float[]> changes = written.remove(transaction);
            if (changes != null) {
                changes.forEach((key, vector) ->
                        versions.computeIfAbsent(key, _ -> new TreeMap<>()).put(end, vector));
            }
        });
        written.clear();
        return ends.size();
    }

    Collection<Long> keys() {
        return versions.keySet();
    }

    /** The vectors that the key had at any moment of a span; an empty one where it had none. */
    List<float[]> during(long key, Lsn from, Lsn to) {
        NavigableMap<Lsn, float[]> of = versions.getOrDefault(key, new TreeMap<>());
        List<float[]> vectors = new ArrayList<>(of.subMap(from, false, to, true).values());
        Map.Entry<Lsn, float[]> before = of.floorEntry(from);
        vectors.add(before == null ? new float[0] : before.getValue());
        return vectors;
    }
}
