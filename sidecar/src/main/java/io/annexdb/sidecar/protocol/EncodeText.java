package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.model.ColumnType;

/** A value in PostgreSQL's text form. */
final class EncodeText {
    private EncodeText() {}

    static String of(ColumnType type, Object value) {
        return switch (type) {
            case TEXT -> (String) value;
            case INT4 -> Integer.toString((Integer) value);
            case INT8 -> Long.toString((Long) value);
            case FLOAT8 -> Double.toString((Double) value);
            case BOOL -> (Boolean) value ? "t" : "f";
        };
    }
}
