package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** What answers when no sidecar does: judged by distances computed here, in Java. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExactSearchTest {
    private static final long SEED = 20261121;
    private static final int DIMENSION = 12;
    private static final int ROWS = 300;

    private final Random random = new Random(SEED);
    private Database database;
    private float[][] vectors;

    @BeforeAll
    void load() throws SQLException {
        System.out.println("seed " + SEED);
        database = Database.migrated();
        vectors = new float[ROWS][];
        for (String metric : List.of("cosine", "l2", "ip", "l1")) {
            database.run(
                    "create table docs_" + metric + " (id int primary key, embedding real[])",
                    "select annex.create_index('docs_"
                            + metric
                            + "', 'embedding', metric => '"
                            + metric
                            + "', options => '{\"dimension\": "
                            + DIMENSION
                            + "}')");
        }
        for (int i = 0; i < ROWS; i++) {
            // Every third is a duplicate, so that ties are there to be ordered.
            vectors[i] = i % 3 == 2 ? vectors[i - 1] : vector();
            for (String metric : List.of("cosine", "l2", "ip", "l1")) {
                try (PreparedStatement insert =
                        database.connection()
                                .prepareStatement(
                                        "insert into docs_" + metric + " values (?, ?)")) {
                    insert.setInt(1, i);
                    insert.setObject(2, vectors[i]);
                    insert.executeUpdate();
                }
            }
        }
    }

    @AfterAll
    void close() throws SQLException {
        database.close();
    }

    private float[] vector() {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return vector;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cosine", "l2", "ip", "l1"})
    void isOrderedByTheMetricsDefinition(String metric) throws SQLException {
        float[] query = vector();
        List<Integer> expected =
                IntStream.range(0, ROWS)
                        .boxed()
                        .sorted(
                                Comparator.<Integer>comparingDouble(
                                                i -> distance(metric, query, vectors[i]))
                                        .thenComparing(i -> i))
                        .toList();
        try (PreparedStatement search =
                database.connection()
                        .prepareStatement(
                                "select (hit).id, distance from annex.search(null::docs_"
                                        + metric
                                        + ", 'embedding', ?, 50)")) {
            search.setObject(1, query);
            try (ResultSet rows = search.executeQuery()) {
                for (int place = 0; place < 50; place++) {
                    assertTrue(rows.next());
                    int id = expected.get(place);
                    assertEquals(id, rows.getInt(1), "place " + place);
                    assertEquals(distance(metric, query, vectors[id]), rows.getDouble(2), 1e-12);
                }
                assertEquals(false, rows.next());
            }
        }
    }

    @Test
    void theVectorComesOnlyWhenAskedFor() throws SQLException {
        String query = "array_fill(1::real, array[" + DIMENSION + "])";
        assertEquals(
                "t",
                database.query(
                        "select bool_and((hit).embedding is null) from"
                                + " annex.search(null::docs_l2, 'embedding', "
                                + query
                                + ")"));
        assertEquals(
                "f",
                database.query(
                        "select bool_or((hit).embedding is null) from annex.search(null::docs_l2,"
                                + " 'embedding', "
                                + query
                                + ", with_vector => true)"));
    }

    @Test
    void maxDistanceAndKBoundTheAnswer() throws SQLException {
        String query = Arrays.toString(vectors[0]).replace('[', '{').replace(']', '}');
        assertEquals(
                "0",
                database.query(
                        "select (hit).id from annex.search(null::docs_l2, 'embedding', '"
                                + query
                                + "', max_distance => 0)"));
        assertEquals(
                Integer.toString(ROWS),
                database.query(
                        "select count(*) from annex.search(null::docs_l2, 'embedding', '"
                                + query
                                + "', 10000)"));
    }

    @Test
    void rowsThatAnIndexDoesNotHaveAreNotFound() throws SQLException {
        database.run(
                "create table odd (id int primary key, embedding real[])",
                "insert into odd values (1, '{1,1}'), (2, null), (3, '{0,0}'), (4, '{1,2,3}'),"
                        + " (5, '{NaN,1}'), (6, '{1,Infinity}'), (7, '{-1,1}')",
                "select annex.create_index('odd', 'embedding', options => '{\"dimension\": 2}')");
        assertEquals(
                "1;7",
                database.query(
                        "select (hit).id from annex.search(null::odd, 'embedding', '{1,1}')"));
    }

    @Test
    void saysThatItAnswersAndWhyUnlessErrorsAreWanted() throws SQLException {
        String search =
                "select annex.search(null::docs_l2, 'embedding', array_fill(1::real, array["
                        + DIMENSION
                        + "]))";
        String warning = database.warningOf(search);
        assertNotNull(warning);
        assertTrue(warning.contains("exact SQL answers instead of the index"), warning);

        database.run("set annex.fallback to 'error'");
        try {
            database.refuses("55000", "only of {} a sidecar is known", search);
            // What no index may answer is not a failure of the sidecar.
            database.connection().setAutoCommit(false);
            database.run("set transaction isolation level repeatable read");
            assertNull(database.warningOf(search));
            database.connection().rollback();
            database.run("insert into docs_l2 values (-1, null)");
            assertNull(database.warningOf(search));
            database.connection().rollback();
        } finally {
            database.connection().setAutoCommit(true);
            database.run("reset annex.fallback");
        }
    }

    @Test
    void nearestGivesKeysAsJson() throws SQLException {
        database.run(
                "create table pairs (b text, a int, embedding real[], primary key (a, b))",
                "insert into pairs values ('x', 1, '{1,0}'), ('it''s', 2, '{0,1}')",
                "select annex.create_index('pairs', 'embedding', metric => 'l2')");
        assertEquals(
                "{\"a\": 2, \"b\": \"it's\"},0;{\"a\": 1, \"b\": \"x\"},1.4142135623730951",
                database.query(
                        "select key, distance from annex.nearest('pairs_embedding', '{0,1}')"));
    }

    @Test
    void followsAlteredTables() throws SQLException {
        database.run(
                "create table altered (id int primary key, gone text, embedding real[])",
                "insert into altered values (1, 'x', '{1,0}')",
                "select annex.create_index('altered', 'embedding')",
                "alter table altered drop column gone",
                "alter table altered add column \"New one\" text default 'new'");
        assertEquals(
                "(1,,new)",
                database.query(
                        "select hit from annex.search(null::altered, 'embedding', '{0,1}')"));
    }

    private static double distance(String metric, float[] a, float[] b) {
        double product = 0;
        double squaresA = 0;
        double squaresB = 0;
        double squares = 0;
        double differences = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresA += (double) a[i] * a[i];
            squaresB += (double) b[i] * b[i];
            double difference = (double) a[i] - b[i];
            squares += difference * difference;
            differences += Math.abs(difference);
        }
        return switch (metric) {
            case "cosine" -> 1 - product / Math.sqrt(squaresA * squaresB);
            case "l2" -> Math.sqrt(squares);
            case "ip" -> -product;
            case "l1" -> differences;
            default -> throw new AssertionError(metric);
        };
    }
}
