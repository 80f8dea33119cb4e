package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * The form in which values of included columns are kept: numbers as longs in the order of the
 * values, everything else as bytes that are equal when the values are. Stored, so it is fixed.
 */
public final class CanonicalValue {
    /** NaN of a numeric that is kept as a long: greater than all, as PostgreSQL has it. */
    public static final long NUMERIC_NAN = Long.MAX_VALUE;

    private static final int SCALED_DIGITS_MAX = 18;
    private static final String NAN = "NaN";

    private CanonicalValue() {}

    /** A float in the order of PostgreSQL: −0 equals 0, NaN equals NaN and is the greatest. */
    public static long ofDouble(double value) {
        long bits = Double.doubleToLongBits(value == 0 ? 0.0 : value);
        return bits ^ ((bits >> 63) & Long.MAX_VALUE);
    }

    /** Digits of a numeric at a scale; empty when it has others, or more than a long takes. */
    public static OptionalLong scaled(BigDecimal value, int scale) {
        BigDecimal shifted = value.movePointRight(scale).stripTrailingZeros();
        if (shifted.scale() > 0 || shifted.precision() - shifted.scale() > SCALED_DIGITS_MAX) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(shifted.longValueExact());
    }

    /** A numeric: its shortest text, so that 1.50 and 1.5 are one. */
    public static byte[] ofNumeric(BigDecimal value) {
        BigDecimal stripped = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
        return ofText(stripped.toString());
    }

    /** {@code NaN}, {@code Infinity} or {@code -Infinity}. */
    public static byte[] ofSpecialNumeric(String name) {
        return ofText(name);
    }

    /** Compares numerics by their bytes as PostgreSQL does: NaN above infinity above all. */
    public static int compareNumerics(byte[] one, byte[] other) {
        int rank = numericRank(one);
        int otherRank = numericRank(other);
        return rank != otherRank || rank != 0
                ? Integer.compare(rank, otherRank)
                : new BigDecimal(text(one)).compareTo(new BigDecimal(text(other)));
    }

    private static int numericRank(byte[] value) {
        return switch (text(value)) {
            case NAN -> 2;
            case "Infinity" -> 1;
            case "-Infinity" -> -1;
            default -> 0;
        };
    }

    public static byte[] ofText(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    public static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }

    public static byte[] ofUuid(UUID uuid) {
        return ByteBuffer.allocate(16)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .array();
    }

    /** An integer as an element of an array. */
    public static byte[] ofInteger(long value) {
        return ByteBuffer.allocate(8).putLong(value).array();
    }

    /** An array's elements, row by row if it has several dimensions. */
    public static byte[] ofArray(List<byte @Nullable []> elements) {
        int bytes = 0;
        for (byte[] element : elements) {
            bytes += 4 + (element == null ? 0 : element.length);
        }
        ByteBuffer out = ByteBuffer.allocate(bytes);
        for (byte[] element : elements) {
            if (element == null) {
                out.putInt(-1);
            } else {
                out.putInt(element.length).put(element);
            }
        }
        return out.array();
    }

    /** What {@link #ofArray} put together. */
    public static List<byte @Nullable []> elements(byte[] array) {
        ByteBuffer in = ByteBuffer.wrap(array);
        List<byte @Nullable []> elements = new ArrayList<>();
        while (in.hasRemaining()) {
            int length = in.getInt();
            if (length < 0) {
                elements.add(null);
            } else {
                byte[] element = new byte[length];
                in.get(element);
                elements.add(element);
            }
        }
        return elements;
    }
}
