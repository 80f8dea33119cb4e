package io.annexdb.jdbc;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table's name as SQL writes it, with or without schema, checked so that it can stand in a
 * statement: {@code docs}, {@code memory.memory_entries}, {@code "My Schema"."My Table"}.
 */
record TableName(String sql) {
    private static final String IDENTIFIER =
            "(?:[\\p{L}_][\\p{L}\\p{N}_$]*|\"(?:[^\"\\x00]|\"\")+\")";
    private static final Pattern NAME = Pattern.compile(IDENTIFIER + "(?:\\." + IDENTIFIER + ")?");

    static TableName parse(String name) {
        Matcher matcher = NAME.matcher(Given.nonNull(name, "table"));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "not a table name: "
                            + name
                            + "; expected table or schema.table, with double quotes where needed");
        }
        return new TableName(name);
    }

    /** A column's or table's own name, quoted so that every character is taken as it is. */
    static String quoted(String identifier) {
        if (identifier.isEmpty() || identifier.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("not an identifier: '" + identifier + "'");
        }
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }
}
