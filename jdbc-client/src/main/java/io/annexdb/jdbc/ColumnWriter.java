package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Takes a row's columns one after the other and encodes them as text for COPY. Text, because
 * PostgreSQL then converts to whatever type the column has.
 */
public final class ColumnWriter {
    private final String table;
    private final boolean[] bracketed;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 16);
    private final StringBuilder line = new StringBuilder(1 << 13);
    private int column;

    /**
     * @param bracketed per column, whether its type writes vectors in brackets, as pgvector's types
     *     do
     */
    ColumnWriter(String table, boolean[] bracketed) {
        this.table = table;
        this.bracketed = bracketed;
    }

    /** NULL in a column of any type. */
    public void writeNull() {
        begin().append("\\N");
    }

    /** Any type whose text form this is: text, jsonb, uuid, timestamptz and so on. */
    public void write(@Nullable String value) {
        StringBuilder out = begin();
        if (value == null) {
            out.append("\\N");
            return;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\t' -> out.append("\\t");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\0' ->
                        throw new IllegalArgumentException(
                                "text for PostgreSQL cannot contain the character NUL (column "
                                        + column
                                        + " of "
                                        + table
                                        + ")");
                default -> out.append(c);
            }
        }
    }

    /** Any integer type, and the types that integers convert to. */
    public void write(long value) {
        begin().append(value);
    }

    /** A floating-point or numeric type. */
    public void write(double value) {
        begin().append(value);
    }

    public void write(boolean value) {
        begin().append(value ? 't' : 'f');
    }

    /**
     * A vector column: {@code real[]}, {@code vector}, {@code halfvec}. The components keep their
     * exact values; null leaves the row out of the index.
     */
    public void write(float @Nullable [] vector) {
        StringBuilder out = begin();
        if (vector == null) {
            out.append("\\N");
            return;
        }
        boolean brackets = column <= bracketed.length && bracketed[column - 1];
        out.append(brackets ? '[' : '{');
        for (int i = 0; i < vector.length; i++) {
            if (i > 0) {
                out.append(',');
            }
            out.append(vector[i]);
        }
        out.append(brackets ? ']' : '}');
    }

    void endRow() {
        if (column != bracketed.length) {
            throw new IllegalArgumentException(
                    "the row writer wrote "
                            + column
                            + " columns into "
                            + table
                            + ", the load names "
                            + bracketed.length);
        }
        line.append('\n');
        bytes.writeBytes(line.toString().getBytes(StandardCharsets.UTF_8));
        line.setLength(0);
        column = 0;
    }

    int size() {
        return bytes.size();
    }

    /** The bytes of the rows ended since the last call. */
    byte[] take() {
        byte[] all = bytes.toByteArray();
        bytes.reset();
        return all;
    }

    private StringBuilder begin() {
        if (column > 0) {
            line.append('\t');
        }
        column++;
        return line;
    }
}
