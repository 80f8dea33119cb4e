package io.annexdb.benchmarks.sql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

/** Asks the same queries in one batch and one by one. */
final class MeasureBatch {
    private final Connection connection;
    private final String index;
    private final int k;
    private float[][] queries = {};
    private IndexedColumn indexed = new IndexedColumn("", "");

    MeasureBatch(Connection connection, String index, int k) {
        this.connection = connection;
        this.index = index;
        this.k = k;
    }

    /** Takes vectors of the table as queries, scaled out of it a little. */
    void prepare(int count) throws SQLException {
        indexed = IndexedColumn.find(connection, index);
        queries = new float[count][];
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(indexed.sampleQueries(count))) {
            for (int i = 0; i < count; i++) {
                if (!rows.next()) {
                    throw new SQLException("the table has only " + i + " rows", "22023");
                }
                Float[] vector = (Float[]) rows.getArray(1).getArray();
                queries[i] = new float[vector.length];
                for (int j = 0; j < vector.length; j++) {
                    queries[i][j] = vector[j];
                }
            }
        }
    }

    /** Milliseconds of one batch of the first queries, until the last row is read. */
    double together(int count) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "select (s.hit).*, s.distance, s.ordinal from annex.search_batch(null::"
                                + indexed.table()
                                + ", ?::name, ?::real[], ?) s")) {
            long began = System.nanoTime();
            statement.setString(1, indexed.column());
            statement.setObject(2, Arrays.copyOf(queries, count));
            statement.setInt(3, k);
            read(statement, count * k);
            return (System.nanoTime() - began) / 1e6;
        }
    }

    /** The same, each by a call of its own. */
    double oneByOne(int count) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "select (s.hit).*, s.distance from annex.search(null::"
                                + indexed.table()
                                + ", ?::name, ?::real[], ?) s")) {
            long began = System.nanoTime();
            for (int i = 0; i < count; i++) {
                statement.setString(1, indexed.column());
                statement.setObject(2, queries[i]);
                statement.setInt(3, k);
                read(statement, k);
            }
            return (System.nanoTime() - began) / 1e6;
        }
    }

    private static void read(PreparedStatement statement, int expected) throws SQLException {
        int count = 0;
        try (ResultSet rows = statement.executeQuery()) {
            int last = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                rows.getObject(1);
                rows.getDouble(last);
                count++;
            }
        }
        if (count != expected) {
            throw new SQLException(count + " rows instead of " + expected, "XX000");
        }
    }
}
