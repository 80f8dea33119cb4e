package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** {@code annex.search} against exact SQL, by the index or without it as the session is set. */
final class Exact {
    /** The audit comes each 0.2 s; by then it must have seen what is to be seen. */
    private static final long NOTICE_NANOS = 800_000_000L;

    private Exact() {}

    /** Fails unless both name the same rows at the same distances. */
    static void require(Statement statement, String table, String column, Random random)
            throws SQLException {
        String query = literal(Load.vector(random));
        assertEquals(
                rows(
                        statement,
                        "select id, annex.distance('l2', %1$s, %2$s) as d from %3$s where %1$s is not null order by d, id limit 20"
                                .formatted(column, query, table)),
                rows(
                        statement,
                        "select (hit).id, distance as d from annex.search(null::%s, '%s', %s, k => 20)"
                                .formatted(table, column, query)));
    }

    /** Compares all the time until the index serves (again). */
    static void requireUntilServing(
            FaultScene scene, Statement statement, String table, String column, Random random)
            throws Exception {
        long began = System.nanoTime();
        SQLException last = null;
        while (System.nanoTime() - began < FaultScene.PATIENCE_SECONDS * 1_000_000_000L) {
            require(statement, table, column, random);
            if (System.nanoTime() - began > NOTICE_NANOS) {
                try {
                    statement.execute("set annex.fallback to error");
                    require(statement, table, column, random);
                    return;
                } catch (SQLException e) {
                    last = e;
                } finally {
                    statement.execute("set annex.fallback to exact");
                }
            }
            Thread.sleep(20);
        }
        throw new AssertionError("the index of " + table + " does not serve again", last);
    }

    /** Distances as far as both ways to sum them agree. */
    private static List<String> rows(Statement statement, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        String rounded =
                "select id, round(d::numeric, 4) as d from ("
                        + sql
                        + ") found (id, d) order by 2, 1";
        try (ResultSet row = statement.executeQuery(rounded)) {
            while (row.next()) {
                rows.add(row.getString(1) + " at " + row.getString(2));
            }
        }
        return rows;
    }

    static String literal(float[] vector) {
        StringBuilder literal = new StringBuilder("'{");
        for (int i = 0; i < vector.length; i++) {
            literal.append(i == 0 ? "" : ",").append(vector[i]);
        }
        return literal.append("}'::real[]").toString();
    }
}
