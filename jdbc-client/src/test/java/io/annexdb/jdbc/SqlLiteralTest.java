package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** PostgreSQL itself says what a literal means. */
class SqlLiteralTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "it's",
                "''",
                "back\\slash",
                "\\'",
                "a\nb\tc",
                "ß€😀",
                "$1 ? $$ --"
            })
    void textMeansItselfUnderBothSettings(String text) throws SQLException {
        assertEquals(text, evaluate("SELECT " + SqlLiteral.of(text), true));
        assertEquals(text, evaluate("SELECT " + SqlLiteral.of(text), false));
    }

    @Test
    void randomTextMeansItself() throws SQLException {
        long seed = 20_261_121;
        Random random = new Random(seed);
        String alphabet = "'\\\"$?-/*;E {}ab\n";
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(12);
            for (int j = 0; j < length; j++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            String sql = "SELECT " + SqlLiteral.of(text.toString());
            assertEquals(text.toString(), evaluate(sql, true), "seed " + seed + ", number " + i);
        }
    }

    @Test
    void numbersKeepTheirValue() throws SQLException {
        for (Object number :
                List.of(
                        0,
                        -7,
                        Long.MIN_VALUE,
                        Integer.MAX_VALUE,
                        (short) -3,
                        0.1f,
                        -1e-300,
                        Double.NaN,
                        Double.NEGATIVE_INFINITY,
                        new BigDecimal("-12345678901234567890.5"))) {
            String answer = evaluate("SELECT " + SqlLiteral.of(number), true);
            assertEquals(normal(number.toString()), normal(answer));
        }
    }

    @Test
    void aNegativeNumberAfterMinusIsNoComment() throws SQLException {
        assertEquals("8", evaluate("SELECT 3 -" + SqlLiteral.of(-5), true));
    }

    @Test
    void typedValuesHaveTheirTypes() throws SQLException {
        UUID uuid = UUID.fromString("7f0f3a34-52a0-4d1c-9a0b-1d2e3f405162");
        assertEquals("uuid", typeOf(uuid));
        assertEquals("timestamp with time zone", typeOf(Instant.EPOCH));
        assertEquals("date", typeOf(LocalDate.of(2026, 11, 21)));
        assertEquals("double precision", typeOf(0.5));
        assertEquals("real", typeOf(0.5f));
        assertEquals("boolean", typeOf(true));
        assertEquals("bytea", typeOf(new byte[] {0, 39, 92, -1}));
        assertEquals("text[]", typeOf(List.of("a'b", "c\\d")));
        assertEquals("integer[]", typeOf(Arrays.asList(1, null, -2)));
    }

    @Test
    void bytesKeepTheirValue() throws SQLException {
        byte[] bytes = {0, 39, 92, -1};
        try (Connection connection = TestDatabase.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + SqlLiteral.of(bytes))) {
            row.next();
            assertArrayEquals(bytes, row.getBytes(1));
        }
    }

    @Test
    void anEmptyCollectionTakesTheTypeOfWhatItIsComparedWith() throws SQLException {
        assertEquals("f", evaluate("SELECT 1 = ANY(" + SqlLiteral.of(List.of()) + ")", true));
    }

    @Test
    void whatCannotBeALiteralIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> SqlLiteral.of(new Object()));
        assertThrows(IllegalArgumentException.class, () -> SqlLiteral.of("a\0b"));
    }

    private static @Nullable String evaluate(String sql, boolean standardStrings)
            throws SQLException {
        try (Connection connection = TestDatabase.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "SET standard_conforming_strings = " + (standardStrings ? "on" : "off"));
            // No JDBC escapes: the statement is taken as it stands.
            statement.setEscapeProcessing(false);
            try (ResultSet row = statement.executeQuery(sql)) {
                row.next();
                return row.getString(1);
            }
        }
    }

    private static @Nullable String typeOf(Object value) throws SQLException {
        return evaluate("SELECT pg_typeof(" + SqlLiteral.of(value) + ")", true);
    }

    /** The same for numbers that are the same, however they are written. */
    private static String normal(@Nullable String text) {
        if (text == null || text.equals("NaN") || text.endsWith("Infinity")) {
            return String.valueOf(text);
        }
        return new BigDecimal(text).stripTrailingZeros().toPlainString();
    }
}
