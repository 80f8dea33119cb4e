package io.annexdb.benchmarks.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/** The judge of the demo, judged on rows whose order is plain to see. */
class ExactNeighborsTest {
    @Test
    void theNearestComeAndTiesWithTheLast() throws IOException, SQLException {
        try (EmbeddedPostgres server = EmbeddedPostgres.start()) {
            try (Connection connection = server.getPostgresDatabase().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE SCHEMA memory");
                statement.execute(
                        "CREATE TABLE memory.memory_entries AS SELECT i::bigint AS id,"
                                + " ARRAY[cos(i / 10.0), sin(i / 10.0)]::real[] AS embedding"
                                + " FROM generate_series(0, 15) i");
                statement.execute("INSERT INTO memory.memory_entries VALUES (100, '{1,0}')");
            }
            String url = server.getJdbcUrl("postgres", "postgres");
            try (ExactNeighbors judge = new ExactNeighbors(url, "postgres", "")) {
                assertEquals(Set.of(0L, 100L, 1L), judge.of(new float[] {1, 0}, 3));
                assertEquals(Set.of(0L, 100L), judge.of(new float[] {1, 0}, 1));
                assertEquals(Set.of(15L), judge.of(new float[] {-1, 0}, 1));
            }
        }
    }
}
