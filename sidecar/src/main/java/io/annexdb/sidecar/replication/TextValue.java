package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * A key or namespace column's value as canonical text: what {@code value::text} gives under ISO
 * dates and time zone UTC, so that {@code text::type} gives the value back. Pure.
 */
public final class TextValue {
    private TextValue() {}

    /**
     * Decodes a column that is neither NULL nor unchanged.
     *
     * @throws AnnexException DATA_CORRUPTED if the bytes do not fit the type
     */
    public static String of(ColumnType type, Tuple tuple, int column) {
        return of(
                type,
                tuple.isBinary(column),
                tuple.bytes(),
                tuple.offset(column),
                tuple.length(column));
    }

    static String of(ColumnType type, boolean binary, byte[] bytes, int offset, int length) {
        if (!binary) {
            return ofText(type, utf8(bytes, offset, length));
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        return switch (type) {
            case SMALLINT -> Short.toString(sized(in, 2, type).getShort());
            case INTEGER -> Integer.toString(sized(in, 4, type).getInt());
            case BIGINT -> Long.toString(sized(in, 8, type).getLong());
            case OID -> Integer.toUnsignedString(sized(in, 4, type).getInt());
            case BOOLEAN -> sized(in, 1, type).get() == 0 ? "false" : "true";
            case UUID -> new UUID(sized(in, 16, type).getLong(), in.getLong()).toString();
            case DATE -> DateText.date(sized(in, 4, type).getInt());
            case TIMESTAMP -> DateText.timestamp(sized(in, 8, type).getLong());
            case TIMESTAMPTZ -> DateText.timestamptz(sized(in, 8, type).getLong());
            case TEXT, VARCHAR, NAME -> utf8(bytes, offset, length);
            case CHARACTER -> withoutPadding(utf8(bytes, offset, length));
            case REAL_ARRAY, BIT, VARBIT, VECTOR, HALFVEC -> throw notAKey(type);
        };
    }

    private static String ofText(ColumnType type, String text) {
        return switch (type) {
            case BOOLEAN -> text.equals("t") ? "true" : text.equals("f") ? "false" : text;
            case CHARACTER -> withoutPadding(text);
            case SMALLINT,
                    INTEGER,
                    BIGINT,
                    OID,
                    UUID,
                    DATE,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    TEXT,
                    VARCHAR,
                    NAME ->
                    text;
            case REAL_ARRAY, BIT, VARBIT, VECTOR, HALFVEC -> throw notAKey(type);
        };
    }

    /**
     * The blanks that {@code character(n)} adds have no meaning, and the cast to text drops them.
     */
    private static String withoutPadding(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == ' ') {
            end--;
        }
        return text.substring(0, end);
    }

    private static String utf8(byte[] bytes, int offset, int length) {
        return MessageReader.utf8(bytes, offset, length, "column value", ErrorCode.DATA_CORRUPTED);
    }

    private static ByteBuffer sized(ByteBuffer in, int length, ColumnType type) {
        if (in.remaining() != length) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "a value of type " + type + " has " + in.remaining() + " bytes, not " + length,
                    null);
        }
        return in;
    }

    private static AnnexException notAKey(ColumnType type) {
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "a column of type " + type + " cannot be a key or a namespace",
                "Use a scalar column.");
    }
}
