package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** What COPY sends is what the table has. */
class BulkLoadTest {
    private final AnnexClient client = AnnexClient.over(TestDatabase.dataSource());

    private static final class Row {
        private final int id;
        private final @Nullable String text;
        private final float @Nullable [] vector;

        Row(int id, @Nullable String text, float @Nullable [] vector) {
            this.id = id;
            this.text = text;
            this.vector = vector;
        }
    }

    @BeforeEach
    void createTable() throws SQLException {
        execute("DROP TABLE IF EXISTS load_test");
        execute("CREATE TABLE load_test (id int PRIMARY KEY, \"the text\" text, v real[])");
    }

    @Test
    void everyCharacterAndEveryBitArrives() throws SQLException {
        List<String> texts =
                List.of(
                        "",
                        "\\N",
                        "\\.",
                        "tab\there",
                        "line\nbreak\r",
                        "back\\slash",
                        "ß€😀",
                        "'\"");
        long seed = 7;
        Random random = new Random(seed);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            float[] vector = {
                Float.intBitsToFloat(random.nextInt(1 << 30)), -0.0f, Float.MIN_VALUE, 1e38f, 0.1f
            };
            rows.add(new Row(i, texts.get(i), vector));
        }
        client.load(newRows(1_000).build(), rows.iterator());

        try (Connection connection = TestDatabase.connect();
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT * FROM load_test ORDER BY id")) {
            for (Row row : rows) {
                found.next();
                assertEquals(row.text, found.getString(2), "seed " + seed);
                float[] sent = Objects.requireNonNull(row.vector);
                Float[] vector = (Float[]) found.getArray(3).getArray();
                for (int i = 0; i < vector.length; i++) {
                    assertEquals(
                            Float.floatToRawIntBits(sent[i]),
                            Float.floatToRawIntBits(vector[i]),
                            "seed " + seed);
                }
            }
        }
    }

    @Test
    void nullsArriveAsNulls() throws SQLException {
        client.load(newRows(10).build(), List.of(new Row(1, null, null)).iterator());
        assertEquals(1, count("\"the text\" IS NULL AND v IS NULL"));
    }

    @Test
    void rowsOfTheSameKeyAreReplacedAndTheLastOneCounts() throws SQLException {
        execute("INSERT INTO load_test VALUES (1, 'old', '{1}'), (9, 'stays', '{9}')");
        List<Row> rows =
                List.of(
                        new Row(1, "first", new float[] {2}),
                        new Row(2, "new", new float[] {3}),
                        new Row(1, "last", null));
        assertEquals(3, client.load(newRows(10).replaceByKey("id").build(), rows.iterator()));
        assertEquals(3, count("true"));
        assertEquals(1, count("id = 1 AND \"the text\" = 'last' AND v IS NULL"));
        assertEquals(1, count("id = 9 AND \"the text\" = 'stays'"));
    }

    @Test
    void everyBatchIsReportedAfterItsCommit() throws SQLException {
        List<Long> reported = new ArrayList<>();
        List<Integer> visible = new ArrayList<>();
        BulkLoad<Row> load =
                newRows(10)
                        .replaceByKey("id")
                        .onProgress(progress -> {
                            reported.add(progress.rowsCommitted());
                            visible.add(countUnchecked());
                        })
                        .build();
        client.load(load, rows(25).iterator());
        assertEquals(List.of(10L, 20L, 25L), reported);
        assertEquals(List.of(10, 20, 25), visible);
    }

    @Test
    void aFailureUndoesItsBatchOnlyAndCarriesTheState() throws SQLException {
        execute("INSERT INTO load_test VALUES (15, 'in the way', NULL)");
        InvalidRequestException error =
                assertThrows(
                        InvalidRequestException.class,
                        () -> client.load(newRows(10).build(), rows(25).iterator()));
        assertEquals("23505", error.sqlState());
        assertEquals(11, count("true"));
    }

    @Test
    void aFailingWriterUndoesItsBatchAndItsExceptionComesThrough() throws SQLException {
        BulkLoad<Row> load =
                BulkLoad.<Row>into(
                                "load_test",
                                List.of("id"),
                                (row, columns) -> {
                                    if (row.id == 5) {
                                        throw new IllegalStateException("row 5");
                                    }
                                    columns.write(row.id);
                                })
                        .build();
        assertThrows(IllegalStateException.class, () -> client.load(load, rows(9).iterator()));
        assertEquals(0, count("true"));
    }

    @Test
    void aWriterThatLeavesAColumnOutIsRefused() {
        BulkLoad<Row> load =
                BulkLoad.<Row>into(
                                "load_test",
                                List.of("id", "v"),
                                (row, columns) -> columns.write(row.id))
                        .build();
        assertThrows(IllegalArgumentException.class, () -> client.load(load, rows(1).iterator()));
    }

    @Test
    void aKeyThatIsNotLoadedIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> newRows(1).replaceByKey("no_column"));
    }

    private static BulkLoad.Builder<Row> newRows(int batch) {
        return BulkLoad.<Row>into(
                        "load_test",
                        List.of("id", "the text", "v"),
                        (row, columns) -> {
                            columns.write(row.id);
                            columns.write(row.text);
                            columns.write(row.vector);
                        })
                .batchRows(batch);
    }

    private static List<Row> rows(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Row(i, "row " + i, new float[] {i}))
                .toList();
    }

    private static int countUnchecked() {
        try {
            return count("true");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int count(String condition) throws SQLException {
        try (Connection connection = TestDatabase.connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM load_test WHERE " + condition)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = TestDatabase.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
