package io.annexdb.benchmarks.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;

/**
 * The judge: exact nearest rows by plain SQL, with nothing of Annex in it. The inner product is
 * written out term by term, which PostgreSQL computes several times faster than an unnested sum;
 * the model's vectors have unit length, so it orders rows as the cosine does. Double precision
 * throughout.
 */
final class ExactNeighbors implements AutoCloseable {
    private final Connection connection;

    ExactNeighbors(String jdbcUrl, String user, String password) throws SQLException {
        connection = DriverManager.getConnection(jdbcUrl, user, password);
    }

    /** Ids of the k nearest rows, and of those that are exactly as far as the last of them. */
    Set<Long> of(float[] query, int k) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql(query, k))) {
            Set<Long> ids = new HashSet<>();
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
            return ids;
        }
    }

    /** Appending an empty array reads a stored vector once instead of once for each component. */
    private static String sql(float[] query, int k) {
        StringBuilder sql = new StringBuilder(query.length * 32);
        sql.append("SELECT id FROM (SELECT id, embedding || '{}'::real[] AS v");
        sql.append(" FROM memory.memory_entries OFFSET 0) e ORDER BY ");
        for (int i = 0; i < query.length; i++) {
            sql.append(i == 0 ? "" : " + ").append("v[").append(i + 1).append("] * '");
            sql.append((double) query[i]).append("'::float8");
        }
        return sql.append(" DESC FETCH FIRST ").append(k).append(" ROWS WITH TIES").toString();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
