package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.CanonicalValue;
import io.annexdb.sidecar.model.IncludedColumn;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The numbers of a column that compare so with a literal. Integers and numerics are compared
 * exactly, as PostgreSQL does; floats with the literal as a float8.
 */
final class CompareNumber {
    private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

    /** Beyond every numeric that is kept as a long, and below the number that stands for NaN. */
    private static final BigInteger SCALED_BOUND = BigInteger.TEN.pow(18);

    private static final Pattern FLOAT =
            Pattern.compile("[+-]?\\d{1,300}(\\.\\d{1,300})?(e[+-]?\\d{1,3})?");

    private static final Set<String> TRUE = Set.of("t", "true", "y", "yes", "on", "1");
    private static final Set<String> FALSE = Set.of("f", "false", "n", "no", "off", "0");

    private CompareNumber() {}

    /**
     * @param comparison any but NOT_EQUAL
     * @param utc whether the session's time zone is UTC
     */
    static NumberSet with(
            IncludedColumn column, Comparison comparison, Literal literal, boolean utc) {
        return switch (column.type()) {
            case SMALLINT, INTEGER, BIGINT -> exact(comparison, whole(literal, column), 0, false);
            case NUMERIC -> numeric(column, comparison, literal);
            case REAL, DOUBLE -> ordered(comparison, real(literal, column));
            case BOOLEAN -> ordered(comparison, truth(literal));
            case DATE, TIMESTAMP, TIMESTAMPTZ ->
                    ordered(comparison, moment(column.type(), literal, utc));
            case TEXT,
                    VARCHAR,
                    CHARACTER,
                    NAME,
                    UUID,
                    SMALLINT_ARRAY,
                    INTEGER_ARRAY,
                    BIGINT_ARRAY,
                    TEXT_ARRAY,
                    VARCHAR_ARRAY ->
                    throw new IllegalArgumentException(column + " is not kept as a number");
        };
    }

    private static NumberSet ordered(Comparison comparison, long number) {
        return switch (comparison) {
            case EQUAL -> NumberSet.range(number, number);
            case LESS ->
                    number == Long.MIN_VALUE
                            ? NumberSet.NONE
                            : NumberSet.range(Long.MIN_VALUE, number - 1);
            case AT_MOST -> NumberSet.range(Long.MIN_VALUE, number);
            case GREATER ->
                    number == Long.MAX_VALUE
                            ? NumberSet.NONE
                            : NumberSet.range(number + 1, Long.MAX_VALUE);
            case AT_LEAST -> NumberSet.range(number, Long.MAX_VALUE);
            case NOT_EQUAL -> throw new IllegalArgumentException("two ranges");
        };
    }

    /** Longs that stand for {@code number / 10^scale}, compared with any number. */
    private static NumberSet exact(
            Comparison comparison, BigDecimal literal, int scale, boolean scaled) {
        BigDecimal shifted = literal.movePointRight(scale);
        BigInteger floor = shifted.setScale(0, RoundingMode.FLOOR).toBigInteger();
        BigInteger ceiling = shifted.setScale(0, RoundingMode.CEILING).toBigInteger();
        boolean beyond = scaled && shifted.abs().toBigInteger().compareTo(SCALED_BOUND) >= 0;
        if (beyond) {
            floor = literal.signum() < 0 ? SCALED_BOUND.negate() : SCALED_BOUND;
            ceiling = floor;
        }
        return switch (comparison) {
            case EQUAL -> !beyond && floor.equals(ceiling) ? between(floor, floor) : NumberSet.NONE;
            case LESS -> between(LEAST, ceiling.subtract(BigInteger.ONE));
            case AT_MOST -> between(LEAST, floor);
            case GREATER -> between(floor.add(BigInteger.ONE), MOST);
            case AT_LEAST -> between(ceiling, MOST);
            case NOT_EQUAL -> throw new IllegalArgumentException("two ranges");
        };
    }

    private static NumberSet between(BigInteger first, BigInteger last) {
        if (first.compareTo(MOST) > 0 || last.compareTo(LEAST) < 0) {
            return NumberSet.NONE;
        }
        return NumberSet.range(first.max(LEAST).longValueExact(), last.min(MOST).longValueExact());
    }

    private static NumberSet numeric(
            IncludedColumn column, Comparison comparison, Literal literal) {
        if (literal instanceof Literal.Text text
                && text.value().strip().equalsIgnoreCase("nan")
                && isUnknownOr(text, AttributeType.NUMERIC)) {
            return ordered(comparison, CanonicalValue.NUMERIC_NAN);
        }
        return exact(comparison, decimal(literal, column), column.scale(), true);
    }

    private static BigDecimal whole(Literal literal, IncludedColumn column) {
        BigDecimal value = decimal(literal, column);
        if (literal instanceof Literal.Text && value.scale() > 0) {
            throw mismatch(literal, column);
        }
        return value;
    }

    /** A literal that PostgreSQL compares exactly with integers and numerics. */
    static BigDecimal decimal(Literal literal, IncludedColumn column) {
        if (literal instanceof Literal.Decimal number
                && number.type() != AttributeType.REAL
                && number.type() != AttributeType.DOUBLE) {
            return number.value();
        }
        if (literal instanceof Literal.Text text
                && (isUnknownOr(text, AttributeType.NUMERIC)
                        || isUnknownOr(text, AttributeType.INTEGER)
                        || isUnknownOr(text, AttributeType.BIGINT)
                        || isUnknownOr(text, AttributeType.SMALLINT))
                && text.value().matches("[+-]?\\d{1,300}(\\.\\d{1,300})?")) {
            return new BigDecimal(text.value());
        }
        throw mismatch(literal, column);
    }

    private static long real(Literal literal, IncludedColumn column) {
        if (literal instanceof Literal.Decimal number) {
            return CanonicalValue.ofDouble(
                    number.type() == AttributeType.REAL
                            ? single(number.value().toString(), literal, column)
                            : twice(number.value().toString(), literal, column));
        }
        if (!(literal instanceof Literal.Text text)) {
            throw mismatch(literal, column);
        }
        AttributeType type = text.type() == null ? column.type() : text.type();
        String value = text.value().strip().toLowerCase(Locale.ROOT);
        if (type != AttributeType.REAL && type != AttributeType.DOUBLE) {
            throw mismatch(literal, column);
        }
        return switch (value) {
            case "nan" -> CanonicalValue.ofDouble(Double.NaN);
            case "infinity" -> CanonicalValue.ofDouble(Double.POSITIVE_INFINITY);
            case "-infinity" -> CanonicalValue.ofDouble(Double.NEGATIVE_INFINITY);
            default -> {
                if (!FLOAT.matcher(value).matches()) {
                    throw mismatch(literal, column);
                }
                yield CanonicalValue.ofDouble(
                        type == AttributeType.REAL
                                ? single(value, literal, column)
                                : twice(value, literal, column));
            }
        };
    }

    private static double single(String text, Literal literal, IncludedColumn column) {
        float value = Float.parseFloat(text);
        if (Float.isInfinite(value) || isLost(value, text)) {
            throw mismatch(literal, column);
        }
        return value;
    }

    private static double twice(String text, Literal literal, IncludedColumn column) {
        double value = Double.parseDouble(text);
        if (Double.isInfinite(value) || isLost(value, text)) {
            throw mismatch(literal, column);
        }
        return value;
    }

    /** Underflow: an error in PostgreSQL. */
    private static boolean isLost(double value, String text) {
        return value == 0 && new BigDecimal(text).signum() != 0;
    }

    private static long truth(Literal literal) {
        if (literal instanceof Literal.Truth truth) {
            return truth.value() ? 1 : 0;
        }
        if (literal instanceof Literal.Text text && isUnknownOr(text, AttributeType.BOOLEAN)) {
            if (TRUE.contains(text.value())) {
                return 1;
            }
            if (FALSE.contains(text.value())) {
                return 0;
            }
        }
        throw Refusal.because("it compares a boolean with " + literal);
    }

    /** Of another type than the column only where the comparison means the same. */
    private static long moment(AttributeType column, Literal literal, boolean utc) {
        if (!(literal instanceof Literal.Text text)) {
            throw Refusal.because("it compares a " + column.catalogName() + " with " + literal);
        }
        AttributeType type = text.type() == null ? column : text.type();
        if (type == AttributeType.DATE && column != AttributeType.DATE) {
            boolean sameDay = column == AttributeType.TIMESTAMP || utc;
            if (sameDay) {
                return ReadMoment.date(text.value()) * ReadMoment.MICROS_PER_DAY;
            }
        }
        if (type == AttributeType.TIMESTAMP && column == AttributeType.TIMESTAMPTZ && utc) {
            return ReadMoment.timestamp(text.value());
        }
        if (type != column) {
            throw Refusal.because(
                    "it compares a " + column.catalogName() + " with a " + type.catalogName());
        }
        if (column == AttributeType.DATE) {
            return ReadMoment.date(text.value());
        }
        return column == AttributeType.TIMESTAMP
                ? ReadMoment.timestamp(text.value())
                : ReadMoment.timestamptz(text.value(), utc);
    }

    private static boolean isUnknownOr(Literal.Text text, AttributeType type) {
        return text.type() == null || text.type() == type;
    }

    private static RuntimeException mismatch(Literal literal, IncludedColumn column) {
        return Refusal.because("it compares column \"" + column.name() + "\" with " + literal);
    }
}
