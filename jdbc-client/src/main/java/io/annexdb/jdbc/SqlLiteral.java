package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HexFormat;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Writes a Java value as an SQL literal, in the form of PostgreSQL's {@code quote_literal}: quotes
 * doubled, and the {@code E''} form when there is a backslash, so that the text means the same
 * whatever {@code standard_conforming_strings} says. A string stays untyped, as a literal typed by
 * hand would.
 */
final class SqlLiteral {
    private SqlLiteral() {}

    static String of(@Nullable Object value) {
        return switch (value) {
            case null -> "NULL";
            case String text -> quoted(text);
            case Boolean truth -> truth ? "TRUE" : "FALSE";
            case Byte number -> number(number.toString());
            case Short number -> number(number.toString());
            case Integer number -> number(number.toString());
            case Long number -> number(number.toString());
            case BigInteger number -> number(number.toString());
            case BigDecimal number -> number(number.toString());
            case Float number -> quoted(number.toString()) + "::float4";
            case Double number -> quoted(number.toString()) + "::float8";
            case UUID uuid -> quoted(uuid.toString()) + "::uuid";
            case Instant time -> quoted(time.toString()) + "::timestamptz";
            case OffsetDateTime time -> quoted(time.toString()) + "::timestamptz";
            case LocalDateTime time -> quoted(time.toString()) + "::timestamp";
            case LocalDate date -> quoted(date.toString()) + "::date";
            case byte[] bytes -> quoted("\\x" + HexFormat.of().formatHex(bytes)) + "::bytea";
            case Collection<?> list -> array(list);
            default ->
                    throw new IllegalArgumentException(
                            "a filter parameter cannot be a "
                                    + value.getClass().getName()
                                    + "; give a string, a number, a boolean, a UUID, a java.time"
                                    + " value, bytes, or a collection of these");
        };
    }

    static String quoted(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "text for PostgreSQL cannot contain the character NUL");
        }
        String doubled = text.replace("'", "''");
        return text.indexOf('\\') >= 0
                ? " E'" + doubled.replace("\\", "\\\\") + "'"
                : "'" + doubled + "'";
    }

    /** In parentheses when negative: {@code x -?} must not become {@code x --5}, a comment. */
    private static String number(String digits) {
        return digits.startsWith("-") ? "(" + digits + ")" : digits;
    }

    private static String array(Collection<?> elements) {
        if (elements.isEmpty()) {
            return "'{}'";
        }
        return elements.stream()
                .map(SqlLiteral::of)
                .collect(Collectors.joining(", ", "ARRAY[", "]"));
    }
}
