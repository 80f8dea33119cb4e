package io.annexdb.sidecar.filter;

import java.util.List;
import java.util.Random;

/**
 * Predicates over the table of {@link FilterAgainstPostgresTest}, as an application writes them.
 */
final class RandomPredicate {
    private static final List<String> COMPARISONS = List.of("=", "<>", "!=", "<", "<=", ">", ">=");
    private static final List<String> NULL_TESTS =
            List.of(" is null", " is not null", " isnull", " notnull");

    private static final List<String> WORDS =
            List.of(
                    "", "a", "b", "ab", "aB", "A", "ä", "日本", "a_b", "a%b", "a\\b", "it''s", "😀",
                    "z ");
    private static final List<String> NUMBERS =
            List.of(
                    "0",
                    "1",
                    "-1",
                    "2",
                    "3",
                    "1.5",
                    "-1.5",
                    "0.1",
                    "2.50",
                    "3e0",
                    ".5",
                    "7.",
                    "32767",
                    "40000",
                    "2147483648",
                    "-9223372036854775808",
                    "9223372036854775807",
                    "9223372036854775808",
                    "99999999999999999999.5",
                    "1e20",
                    "-1e20",
                    "16777217",
                    "16777216.5",
                    "0.30000000000000004");
    private static final List<String> DAYS =
            List.of(
                    "2020-01-01",
                    "2020-01-02",
                    "1999-12-31",
                    "2024-02-29",
                    "0001-01-01",
                    "9999-12-31");
    private static final List<String> TIMES =
            List.of("", " 00:00:00", " 12:30", " 23:59:59.999999", "T01:02:03.4");

    private final Random random;

    RandomPredicate(Random random) {
        this.random = random;
    }

    String next(int depth) {
        return switch (depth == 0 ? 9 : random.nextInt(10)) {
            case 0, 1, 2 -> next(depth - 1) + " and " + next(depth - 1);
            case 3, 4 -> "(" + next(depth - 1) + " or " + next(depth - 1) + ")";
            case 5 -> "not (" + next(depth - 1) + ")";
            case 6 -> "NOT " + leaf();
            case 7 ->
                    "("
                            + next(depth - 1)
                            + ") is "
                            + (random.nextBoolean() ? "not " : "")
                            + of(List.of("null", "true", "false", "unknown"));
            default -> leaf();
        };
    }

    private String leaf() {
        return switch (random.nextInt(13)) {
            case 0, 1, 2 -> number();
            case 3 -> real();
            case 4, 5 -> text();
            case 6 -> moment();
            case 7 -> bool();
            case 8 -> uuid();
            case 9, 10 -> arrays();
            case 11 -> column() + NULL_TESTS.get(random.nextInt(NULL_TESTS.size()));
            default -> numeric();
        };
    }

    private String column() {
        return of(
                List.of(
                        "i2",
                        "i4",
                        "i8",
                        "f4",
                        "f8",
                        "n2",
                        "n",
                        "t",
                        "tc",
                        "v",
                        "c",
                        "nm",
                        "b",
                        "d",
                        "ts",
                        "tz",
                        "u",
                        "ai",
                        "al",
                        "at",
                        "\"Odd name\""));
    }

    private String number() {
        String column = of(List.of("i2", "i4", "i8", "n2", "n", "\"Odd name\""));
        return compared(column, this::numberLiteral);
    }

    private String numberLiteral() {
        String number = of(NUMBERS);
        return switch (random.nextInt(6)) {
            case 0 -> "'" + random.nextInt(-3, 4) + "'";
            case 1 -> random.nextInt(-3, 4) + "::bigint";
            case 2 -> number + "::numeric";
            default -> number;
        };
    }

    private String numeric() {
        String column = of(List.of("n2", "n"));
        return compared(
                column,
                () ->
                        of(
                                List.of(
                                        "'NaN'",
                                        "'1.50'",
                                        "1.5",
                                        "'NaN'::numeric",
                                        "-0.01",
                                        "123456789012.34",
                                        "0",
                                        "'2'")));
    }

    private String real() {
        String column = of(List.of("f4", "f8"));
        return compared(
                column,
                () ->
                        of(
                                List.of(
                                        "'NaN'",
                                        "'Infinity'",
                                        "'-infinity'",
                                        "0.1",
                                        "'0.1'",
                                        "0.1::real",
                                        "0.1::float8",
                                        "0",
                                        "-0.0",
                                        "1.5",
                                        "16777217",
                                        "'NaN'::float8",
                                        "9223372036854775807",
                                        "0.30000000000000004",
                                        "1e30")));
    }

    private String text() {
        String column = of(List.of("t", "tc", "v", "nm"));
        return switch (random.nextInt(4)) {
            case 0 -> column + (random.nextBoolean() ? " like " : " not like ") + pattern();
            case 1 -> "tc " + of(COMPARISONS) + " " + word();
            case 2 -> "c " + of(List.of("=", "<>")) + " " + word();
            default -> {
                String operator = of(List.of("=", "<>"));
                yield random.nextInt(3) > 0
                        ? column + " " + operator + " " + word()
                        : column
                                + (random.nextBoolean() ? " in " : " not in ")
                                + "("
                                + word()
                                + ", "
                                + (random.nextInt(4) == 0 ? "null" : word())
                                + ")";
            }
        };
    }

    private String pattern() {
        return of(
                List.of(
                        "'%'",
                        "'a%'",
                        "'%b'",
                        "'_'",
                        "'__'",
                        "'%a%'",
                        "'a\\_b'",
                        "'a\\%b'",
                        "'%\\\\%'",
                        "'日_'",
                        "''",
                        "'_%'",
                        "'%_b%'"));
    }

    private String word() {
        String word = "'" + of(WORDS) + "'";
        return random.nextInt(6) == 0 ? word + "::text" : word;
    }

    private String moment() {
        String day = of(DAYS);
        return switch (random.nextInt(4)) {
            case 0 ->
                    compared(
                            "d",
                            () ->
                                    of(
                                            List.of(
                                                    "'" + day + "'",
                                                    "date '" + day + "'",
                                                    "'" + day + "'::date")));
            case 1 ->
                    compared(
                            "ts",
                            () ->
                                    of(
                                            List.of(
                                                    "'" + day + of(TIMES) + "'",
                                                    "timestamp '" + day + of(TIMES) + "'",
                                                    "'" + day + "'::date")));
            case 2 ->
                    compared(
                            "tz",
                            () ->
                                    "'"
                                            + day
                                            + " 12:30:00"
                                            + of(List.of("+00", "Z", "-05:30", "+0200", "+14"))
                                            + "'"
                                            + of(
                                                    List.of(
                                                            "",
                                                            "::timestamptz",
                                                            "::timestamp with time zone")));
            default ->
                    compared(
                            "tz",
                            () ->
                                    of(
                                            List.of(
                                                    "'" + day + of(TIMES) + "'",
                                                    "'" + day + "'::date",
                                                    "timestamp '" + day + " 10:00'")));
        };
    }

    private String compared(String column, java.util.function.Supplier<String> literal) {
        return switch (random.nextInt(6)) {
            case 0 -> literal.get() + " " + of(COMPARISONS) + " " + column;
            case 1 ->
                    column
                            + (random.nextBoolean() ? " not" : "")
                            + " between "
                            + literal.get()
                            + " and "
                            + literal.get();
            case 2 ->
                    column
                            + (random.nextBoolean() ? " not" : "")
                            + " in ("
                            + literal.get()
                            + ", "
                            + literal.get()
                            + (random.nextInt(4) == 0 ? ", null" : "")
                            + ")";
            default -> column + " " + of(COMPARISONS) + " " + literal.get();
        };
    }

    private String bool() {
        return of(
                List.of(
                        "b",
                        "not b",
                        "b = true",
                        "b <> false",
                        "b is true",
                        "b is not true",
                        "b is false",
                        "b is unknown",
                        "b is not unknown",
                        "b = 't'",
                        "b in (true, null)",
                        "true",
                        "b > false"));
    }

    private String uuid() {
        String uuid = "'0000000%d-0000-4000-8000-00000000000a'".formatted(random.nextInt(4));
        return switch (random.nextInt(3)) {
            case 0 -> "u " + of(COMPARISONS) + " " + uuid;
            case 1 -> "u in (" + uuid + ", " + uuid.replace('a', 'b') + ")";
            default -> "u = " + uuid + "::uuid";
        };
    }

    private String arrays() {
        String number = Integer.toString(random.nextInt(5));
        return switch (random.nextInt(8)) {
            case 0 ->
                    of(List.of("ai", "al"))
                            + of(List.of(" && ", " @> ", " <@ "))
                            + of(List.of("'{1}'", "'{1,2}'", "'{}'", "'{1,NULL}'", "'{ 3 , 4 }'"));
            case 1 ->
                    "ai"
                            + of(List.of(" && ", " @> ", " <@ "))
                            + of(
                                    List.of(
                                            "array[1]",
                                            "ARRAY[1,2]",
                                            "array[3,null]",
                                            "array[]::int[]",
                                            "'{2}'::int[]"));
            case 2 ->
                    "at"
                            + of(List.of(" && ", " @> ", " <@ "))
                            + of(
                                    List.of(
                                            "'{a}'",
                                            "array['a','b']",
                                            "'{\"a b\",\"NULL\"}'",
                                            "'{}'",
                                            "array['日本']::text[]",
                                            "'{NULL}'"));
            case 3 -> number + " = any (" + of(List.of("ai", "al")) + ")";
            case 4 -> "'" + of(List.of("a", "b", "a b", "NULL")) + "' = ANY(at)";
            case 5 ->
                    of(List.of("i2", "i4", "i8"))
                            + " = any ("
                            + of(
                                    List.of(
                                            "'{1,2}'",
                                            "array[1,2]",
                                            "'{}'",
                                            "'{NULL,1}'",
                                            "array[1,null]",
                                            "'{1}'::int[]"))
                            + ")";
            case 6 ->
                    of(List.of("t", "v", "nm"))
                            + " = any ("
                            + of(List.of("'{a,b}'", "array['a','日本']", "'{}'", "'{\"it''s\"}'"))
                            + ")";
            default ->
                    of(List.of("ARRAY[1,2]", "'{1}'")) + of(List.of(" && ", " @> ", " <@ ")) + "ai";
        };
    }

    private String of(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
