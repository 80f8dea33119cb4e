package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A vector column's value as floats: {@code real[]} in the array format, {@code bit} as zeros and
 * ones, pgvector's {@code vector} and {@code halfvec}, binary or text. Pure. NaN and infinity are
 * passed on, the index judges them.
 */
public final class VectorValue {
    /** What an array with NULL elements or of more than one dimension becomes: not indexable. */
    private static final float[] NONE = {};

    private static final int REAL_OID = 700;
    private static final int DIMENSION_MAX = 65_535;

    private VectorValue() {}

    /**
     * Decodes a column that is neither NULL nor unchanged.
     *
     * @return the elements; none when the value is no vector that could be indexed
     * @throws AnnexException DATA_CORRUPTED if the bytes do not fit the type
     */
    public static float[] of(ColumnType type, Tuple tuple, int column) {
        return of(
                type,
                tuple.isBinary(column),
                tuple.bytes(),
                tuple.offset(column),
                tuple.length(column));
    }

    static float[] of(ColumnType type, boolean binary, byte[] bytes, int offset, int length) {
        if (!type.isVector()) {
            throw corrupted("a column of type " + type + " holds no vector");
        }
        if (!binary) {
            String text =
                    MessageReader.utf8(bytes, offset, length, "vector", ErrorCode.DATA_CORRUPTED);
            return type == ColumnType.BIT || type == ColumnType.VARBIT
                    ? ofBitText(text)
                    : ofText(type, text);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        if (type == ColumnType.REAL_ARRAY) {
            return ofArray(in);
        }
        if (type == ColumnType.BIT || type == ColumnType.VARBIT) {
            return ofBits(in);
        }
        return ofVector(in, type == ColumnType.VECTOR ? Float.BYTES : Short.BYTES);
    }

    /** {@code int16 dim, int16 unused}, then the elements. */
    private static float[] ofVector(ByteBuffer in, int elementBytes) {
        if (in.remaining() < 4) {
            throw corrupted("a vector of " + in.remaining() + " bytes");
        }
        int dimension = Short.toUnsignedInt(in.getShort());
        in.getShort();
        if (in.remaining() != dimension * elementBytes) {
            throw corrupted(
                    "a vector of " + dimension + " dimensions with " + in.remaining() + " bytes");
        }
        float[] vector = new float[dimension];
        if (elementBytes == Float.BYTES) {
            in.asFloatBuffer().get(vector);
        } else {
            for (int i = 0; i < dimension; i++) {
                vector[i] = Float.float16ToFloat(in.getShort());
            }
        }
        return vector;
    }

    /** {@code int32 bits}, then the bits, the first in the highest place of the first byte. */
    private static float[] ofBits(ByteBuffer in) {
        if (in.remaining() < 4) {
            throw corrupted("bits of " + in.remaining() + " bytes");
        }
        int bits = in.getInt();
        if (bits < 0 || in.remaining() != (bits + 7L) / 8) {
            throw corrupted(bits + " bits in " + in.remaining() + " bytes");
        }
        if (bits > DIMENSION_MAX) {
            return NONE;
        }
        float[] vector = new float[bits];
        int start = in.position();
        for (int i = 0; i < bits; i++) {
            vector[i] = in.get(start + i / 8) >> (7 - (i & 7)) & 1;
        }
        return vector;
    }

    private static float[] ofBitText(String text) {
        if (text.length() > DIMENSION_MAX) {
            return NONE;
        }
        float[] vector = new float[text.length()];
        for (int i = 0; i < vector.length; i++) {
            char bit = text.charAt(i);
            if (bit != '0' && bit != '1') {
                throw corrupted("'" + abbreviated(text) + "' are no bits");
            }
            vector[i] = bit - '0';
        }
        return vector;
    }

    /**
     * {@code int32 dimensions, int32 has nulls, int32 element type}, per dimension {@code int32
     * size, int32 lower bound}, then per element {@code int32 length, float4}.
     */
    private static float[] ofArray(ByteBuffer in) {
        if (in.remaining() < 12) {
            throw corrupted("an array of " + in.remaining() + " bytes");
        }
        int dimensions = in.getInt();
        in.getInt();
        int elementType = in.getInt();
        if (dimensions < 0 || dimensions > 6 || elementType != REAL_OID) {
            throw corrupted(
                    "an array of " + dimensions + " dimensions of element type " + elementType);
        }
        if (dimensions != 1) {
            return NONE;
        }
        if (in.remaining() < 8) {
            throw corrupted("an array without its size");
        }
        int size = in.getInt();
        in.getInt();
        if (size < 0 || (long) size * 4 > in.remaining()) {
            throw corrupted("an array of " + size + " elements in " + in.remaining() + " bytes");
        }
        return size > DIMENSION_MAX ? NONE : elements(in, size);
    }

    private static float[] elements(ByteBuffer in, int size) {
        float[] vector = new float[size];
        boolean hasNull = false;
        for (int i = 0; i < size; i++) {
            int length = in.remaining() < 4 ? 0 : in.getInt();
            if (length == -1) {
                hasNull = true;
            } else if (length == 4 && in.remaining() >= 4) {
                vector[i] = in.getFloat();
            } else {
                throw corrupted("array element " + (i + 1) + " of " + size + " is cut off");
            }
        }
        if (in.hasRemaining()) {
            throw corrupted(in.remaining() + " bytes follow the last array element");
        }
        return hasNull ? NONE : vector;
    }

    /** {@code {1,2}} for arrays, {@code [1,2]} for pgvector. */
    private static float[] ofText(ColumnType type, String text) {
        char open = type == ColumnType.REAL_ARRAY ? '{' : '[';
        char close = type == ColumnType.REAL_ARRAY ? '}' : ']';
        int last = text.length() - 1;
        if (type == ColumnType.REAL_ARRAY && text.startsWith("[")) {
            return ofText(type, withoutBounds(text));
        }
        if (last < 1 || text.charAt(0) != open || text.charAt(last) != close) {
            throw corrupted("'" + abbreviated(text) + "' is no " + type);
        }
        String inner = text.substring(1, last);
        if (inner.isBlank() || inner.indexOf('{') >= 0) {
            return NONE;
        }
        String[] parts = inner.split(",", -1);
        if (parts.length > DIMENSION_MAX
                || Arrays.stream(parts).anyMatch(part -> part.equalsIgnoreCase("NULL"))) {
            return NONE;
        }
        float[] vector = new float[parts.length];
        for (int i = 0; i < parts.length; i++) {
            vector[i] = element(parts[i]);
        }
        return vector;
    }

    /** An array whose lower bound is not 1 is written {@code [0:1]={1,2}}. */
    private static String withoutBounds(String text) {
        int start = text.indexOf("={");
        if (start < 0) {
            throw corrupted("'" + abbreviated(text) + "' is no array");
        }
        return text.substring(start + 1);
    }

    private static float element(String text) {
        try {
            return Float.parseFloat(text.strip());
        } catch (NumberFormatException e) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "'" + abbreviated(text) + "' is no vector element",
                    null,
                    e);
        }
    }

    private static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private static AnnexException corrupted(String what) {
        return new AnnexException(ErrorCode.DATA_CORRUPTED, what, null);
    }
}
