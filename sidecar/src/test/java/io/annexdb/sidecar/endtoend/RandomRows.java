package io.annexdb.sidecar.endtoend;

import java.sql.SQLException;
import java.util.Random;

/**
 * Tables of random vectors with columns to filter by, and queries for them. Column {@code one_in}
 * has each number below 10,000 twice.
 */
final class RandomRows {
    static final int ROWS = 20_000;
    static final int DIMENSION = 8;

    private RandomRows() {}

    static void create(Session session, String table) throws SQLException {
        session.run(
                "create table "
                        + table
                        + " (tenant text, id int, one_in int, title text, embedding real[],"
                        + " primary key (tenant, id))",
                "insert into "
                        + table
                        + " select 'tenant ' || i % 7, i, i % 10000, 'title ' || i,"
                        + " (select array_agg(random() - 0.5) from generate_series(1, "
                        + DIMENSION
                        + ") where i > 0)::real[] from generate_series(1, "
                        + ROWS
                        + ") i",
                "create index on " + table + " (one_in)",
                "analyze " + table);
    }

    static float[] query(Random random) {
        float[] query = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            query[i] = random.nextFloat() - 0.5f;
        }
        return query;
    }

    static float[][] queries(Random random, int count) {
        float[][] queries = new float[count][];
        for (int i = 0; i < count; i++) {
            queries[i] = query(random);
        }
        return queries;
    }
}
