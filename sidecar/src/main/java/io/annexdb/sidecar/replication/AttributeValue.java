package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.CanonicalValue;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/**
 * An included column's value in the form in which the index keeps it, from PostgreSQL's binary form
 * (the {@code send} functions of {@code src/backend/utils/adt}). Pure.
 */
public final class AttributeValue {
    private static final int NUMERIC_NEGATIVE = 0x4000;
    private static final int NUMERIC_NAN = 0xC000;
    private static final int NUMERIC_INFINITY = 0xD000;
    private static final int NUMERIC_NEGATIVE_INFINITY = 0xF000;
    private static final BigInteger NUMERIC_BASE = BigInteger.valueOf(10_000);

    private AttributeValue() {}

    /** Whether a relation's column has values of the type that was included. */
    public static boolean isReadable(IncludedColumn included, Relation.Column column) {
        AttributeType type = included.type();
        TypeName name = column.typeName();
        return column.typeOid() == type.oid()
                || (name != null
                        && name.name().equals(type.catalogName())
                        && (name.schema().isEmpty() || name.schema().equals("pg_catalog")));
    }

    /**
     * Adds a value of a tuple to a row.
     *
     * @param column which of the row
     * @param position which of the tuple
     * @throws AnnexException DATA_CORRUPTED if the bytes do not fit the type
     */
    public static void read(
            IncludedColumn included,
            Tuple tuple,
            int position,
            AttributeRow.Builder row,
            int column) {
        if (tuple.isNull(position)) {
            row.absent(column, AttributeRow.State.NULL);
        } else if (tuple.isUnchanged(position)) {
            row.absent(column, AttributeRow.State.UNCHANGED);
        } else if (tuple.isBinary(position)) {
            ByteBuffer in =
                    ByteBuffer.wrap(tuple.bytes(), tuple.offset(position), tuple.length(position));
            value(included, in, row, column);
        }
    }

    private static void value(
            IncludedColumn included, ByteBuffer in, AttributeRow.Builder row, int column) {
        AttributeType type = included.type();
        switch (type) {
            case BOOLEAN -> row.number(column, sized(in, 1, type).get() == 0 ? 0 : 1);
            case SMALLINT -> row.number(column, sized(in, 2, type).getShort());
            case INTEGER, DATE -> row.number(column, sized(in, 4, type).getInt());
            case BIGINT, TIMESTAMP, TIMESTAMPTZ -> row.number(column, sized(in, 8, type).getLong());
            case REAL -> row.number(column, CanonicalValue.ofDouble(sized(in, 4, type).getFloat()));
            case DOUBLE ->
                    row.number(column, CanonicalValue.ofDouble(sized(in, 8, type).getDouble()));
            case NUMERIC -> numeric(included, in, row, column);
            case TEXT, VARCHAR, NAME -> row.value(column, rest(in));
            case CHARACTER -> row.value(column, withoutPadding(rest(in)));
            case UUID -> row.value(column, rest(sized(in, 16, type)));
            case SMALLINT_ARRAY, INTEGER_ARRAY, BIGINT_ARRAY, TEXT_ARRAY, VARCHAR_ARRAY ->
                    row.value(column, CanonicalValue.ofArray(elements(type, in)));
        }
    }

    /** {@code int16 digits, weight, sign, scale}, then the digits to the base 10,000. */
    private static void numeric(
            IncludedColumn included, ByteBuffer in, AttributeRow.Builder row, int column) {
        if (in.remaining() < 8) {
            throw corrupted("a numeric of " + in.remaining() + " bytes");
        }
        int digits = in.getShort();
        int weight = in.getShort();
        int sign = Short.toUnsignedInt(in.getShort());
        in.getShort();
        if (digits < 0 || in.remaining() != digits * 2) {
            throw corrupted("a numeric of " + digits + " digits in " + in.remaining() + " bytes");
        }
        switch (sign) {
            case NUMERIC_NAN -> {
                if (included.isNumber()) {
                    row.number(column, CanonicalValue.NUMERIC_NAN);
                } else {
                    row.value(column, CanonicalValue.ofSpecialNumeric("NaN"));
                }
                return;
            }
            case NUMERIC_INFINITY, NUMERIC_NEGATIVE_INFINITY -> {
                if (!included.isNumber()) {
                    String name = sign == NUMERIC_INFINITY ? "Infinity" : "-Infinity";
                    row.value(column, CanonicalValue.ofSpecialNumeric(name));
                }
                return;
            }
            default -> {}
        }
        BigInteger unscaled = BigInteger.ZERO;
        for (int i = 0; i < digits; i++) {
            unscaled = unscaled.multiply(NUMERIC_BASE).add(BigInteger.valueOf(in.getShort()));
        }
        BigDecimal value =
                new BigDecimal(sign == NUMERIC_NEGATIVE ? unscaled.negate() : unscaled)
                        .scaleByPowerOfTen(4 * (weight - digits + 1));
        if (!included.isNumber()) {
            row.value(column, CanonicalValue.ofNumeric(value));
            return;
        }
        // Of another scale only where the column's type was changed a moment ago.
        OptionalLong scaled = CanonicalValue.scaled(value, included.scale());
        if (scaled.isPresent()) {
            row.number(column, scaled.getAsLong());
        }
    }

    /** The elements of an array, whatever its dimensions. */
    private static List<byte @Nullable []> elements(AttributeType type, ByteBuffer in) {
        if (in.remaining() < 12) {
            throw corrupted("an array of " + in.remaining() + " bytes");
        }
        int dimensions = in.getInt();
        in.getInt();
        in.getInt();
        if (dimensions < 0 || dimensions > 6 || in.remaining() < dimensions * 8) {
            throw corrupted("an array of " + dimensions + " dimensions");
        }
        in.position(in.position() + dimensions * 8);
        List<byte @Nullable []> elements = new ArrayList<>();
        while (in.hasRemaining()) {
            int length = in.remaining() < 4 ? Integer.MAX_VALUE : in.getInt();
            if (length > in.remaining() || length < -1) {
                throw corrupted("array element " + (elements.size() + 1) + " is cut off");
            }
            elements.add(length < 0 ? null : element(type, in, length));
        }
        return elements;
    }

    private static byte[] element(AttributeType type, ByteBuffer in, int length) {
        ByteBuffer element = in.slice(in.position(), length);
        in.position(in.position() + length);
        return switch (type) {
            case SMALLINT_ARRAY -> CanonicalValue.ofInteger(sized(element, 2, type).getShort());
            case INTEGER_ARRAY -> CanonicalValue.ofInteger(sized(element, 4, type).getInt());
            case BIGINT_ARRAY -> CanonicalValue.ofInteger(sized(element, 8, type).getLong());
            case TEXT_ARRAY, VARCHAR_ARRAY -> rest(element);
            case BOOLEAN,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    REAL,
                    DOUBLE,
                    NUMERIC,
                    TEXT,
                    VARCHAR,
                    CHARACTER,
                    NAME,
                    DATE,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    UUID ->
                    throw corrupted("type " + type + " has no elements");
        };
    }

    private static byte[] rest(ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }

    /** The blanks that {@code character(n)} adds have no meaning. */
    private static byte[] withoutPadding(byte[] text) {
        int end = text.length;
        while (end > 0 && text[end - 1] == ' ') {
            end--;
        }
        return Arrays.copyOf(text, end);
    }

    private static ByteBuffer sized(ByteBuffer in, int length, AttributeType type) {
        if (in.remaining() != length) {
            throw corrupted(
                    "a value of type " + type + " has " + in.remaining() + " bytes, not " + length);
        }
        return in;
    }

    private static AnnexException corrupted(String what) {
        return new AnnexException(ErrorCode.DATA_CORRUPTED, what, null);
    }
}
