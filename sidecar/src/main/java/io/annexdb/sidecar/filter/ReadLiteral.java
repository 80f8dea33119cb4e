package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AttributeType;

import net.sf.jsqlparser.expression.ArrayConstructor;
import net.sf.jsqlparser.expression.BooleanValue;
import net.sf.jsqlparser.expression.CastExpression;
import net.sf.jsqlparser.expression.DateTimeLiteralExpression;
import net.sf.jsqlparser.expression.DoubleValue;
import net.sf.jsqlparser.expression.Expression;
import net.sf.jsqlparser.expression.LongValue;
import net.sf.jsqlparser.expression.NullValue;
import net.sf.jsqlparser.expression.SignedExpression;
import net.sf.jsqlparser.expression.StringValue;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** From the parser's expressions to literals; anything else is none. */
final class ReadLiteral {
    private static final int EXPONENT_MAX = 400;
    private static final BigInteger INTEGER_MAX = BigInteger.valueOf(Integer.MAX_VALUE);
    private static final BigInteger BIGINT_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final String ARRAY_SUFFIX = "[]";

    /** Names of types without a length, as PostgreSQL reads them. */
    private static final Map<String, AttributeType> TYPES =
            Map.ofEntries(
                    Map.entry("bool", AttributeType.BOOLEAN),
                    Map.entry("boolean", AttributeType.BOOLEAN),
                    Map.entry("int2", AttributeType.SMALLINT),
                    Map.entry("smallint", AttributeType.SMALLINT),
                    Map.entry("int", AttributeType.INTEGER),
                    Map.entry("int4", AttributeType.INTEGER),
                    Map.entry("integer", AttributeType.INTEGER),
                    Map.entry("int8", AttributeType.BIGINT),
                    Map.entry("bigint", AttributeType.BIGINT),
                    Map.entry("float4", AttributeType.REAL),
                    Map.entry("real", AttributeType.REAL),
                    Map.entry("float8", AttributeType.DOUBLE),
                    Map.entry("double precision", AttributeType.DOUBLE),
                    Map.entry("numeric", AttributeType.NUMERIC),
                    Map.entry("decimal", AttributeType.NUMERIC),
                    Map.entry("text", AttributeType.TEXT),
                    Map.entry("varchar", AttributeType.VARCHAR),
                    Map.entry("character varying", AttributeType.VARCHAR),
                    Map.entry("date", AttributeType.DATE),
                    Map.entry("timestamp", AttributeType.TIMESTAMP),
                    Map.entry("timestamp without time zone", AttributeType.TIMESTAMP),
                    Map.entry("timestamptz", AttributeType.TIMESTAMPTZ),
                    Map.entry("timestamp with time zone", AttributeType.TIMESTAMPTZ),
                    Map.entry("uuid", AttributeType.UUID));

    private ReadLiteral() {}

    /** The literal that the expression is; empty if it is none. */
    static Optional<Literal> of(Expression expression) {
        return Optional.ofNullable(
                switch (expression) {
                    case NullValue none -> Literal.Null.NULL;
                    case BooleanValue truth -> new Literal.Truth(truth.getValue());
                    case LongValue number -> number(number.getStringValue());
                    case DoubleValue number -> number(number.toString());
                    case SignedExpression signed -> signed(signed);
                    case StringValue text -> text(text);
                    case DateTimeLiteralExpression moment -> moment(moment);
                    case ArrayConstructor array -> array(array);
                    case CastExpression cast -> cast(cast);
                    default -> null;
                });
    }

    private static Literal number(String text) {
        if (!text.matches("(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?")) {
            throw Refusal.because("it has the number " + text);
        }
        BigDecimal value = new BigDecimal(text);
        if (Math.abs((long) value.precision() - value.scale()) > EXPONENT_MAX) {
            throw Refusal.because("it has the number " + text);
        }
        return new Literal.Decimal(value, typeOf(text, value));
    }

    private static AttributeType typeOf(String text, BigDecimal value) {
        if (!text.matches("\\d+")) {
            return AttributeType.NUMERIC;
        }
        BigInteger whole = value.toBigIntegerExact();
        if (whole.compareTo(INTEGER_MAX) <= 0) {
            return AttributeType.INTEGER;
        }
        return whole.compareTo(BIGINT_MAX) <= 0 ? AttributeType.BIGINT : AttributeType.NUMERIC;
    }

    private static @Nullable Literal signed(SignedExpression signed) {
        Literal literal = of(signed.getExpression()).orElse(null);
        if (!(literal instanceof Literal.Decimal number)) {
            return null;
        }
        return switch (signed.getSign()) {
            case '+' -> number;
            case '-' -> new Literal.Decimal(number.value().negate(), number.type());
            default -> null;
        };
    }

    private static Literal text(StringValue text) {
        if (text.getPrefix() != null || !text.getQuoteStr().equals("'")) {
            throw Refusal.because("it has a string with a prefix");
        }
        return new Literal.Text(text.getValue().replace("''", "'"), null);
    }

    private static @Nullable Literal moment(DateTimeLiteralExpression moment) {
        String quoted = moment.getValue();
        if (!quoted.matches("'[^']*'")) {
            return null;
        }
        String value = quoted.substring(1, quoted.length() - 1);
        return switch (moment.getType()) {
            case DATE -> new Literal.Text(value, AttributeType.DATE);
            case TIMESTAMP -> new Literal.Text(value, AttributeType.TIMESTAMP);
            case TIMESTAMPTZ -> new Literal.Text(value, AttributeType.TIMESTAMPTZ);
            default -> null;
        };
    }

    private static @Nullable Literal array(ArrayConstructor array) {
        List<Literal> elements = new ArrayList<>();
        for (Expression element : array.getExpressions()) {
            Literal literal = of(element).orElse(null);
            if (literal == null || literal instanceof Literal.Array || !array.isArrayKeyword()) {
                return null;
            }
            elements.add(literal);
        }
        return new Literal.Array(List.copyOf(elements), null);
    }

    private static @Nullable Literal cast(CastExpression cast) {
        boolean plain =
                (cast.keyword == null || cast.keyword.equalsIgnoreCase("cast"))
                        && cast.getFormat() == null
                        && (cast.getColumnDefinitions() == null
                                || cast.getColumnDefinitions().isEmpty());
        Literal literal = of(cast.getLeftExpression()).orElse(null);
        if (!plain || literal == null || cast.getColDataType() == null) {
            return null;
        }
        String name =
                cast.getColDataType().toString().toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
        boolean isArray = name.endsWith(ARRAY_SUFFIX);
        AttributeType type =
                TYPES.get(isArray ? name.substring(0, name.length() - 2).strip() : name.strip());
        if (type == null) {
            throw Refusal.because("it casts to " + name);
        }
        return isArray ? castToArray(literal, type) : castTo(literal, type);
    }

    private static @Nullable Literal castToArray(Literal literal, AttributeType element) {
        if (literal instanceof Literal.Array array && array.elementType() == null) {
            return new Literal.Array(array.elements(), element);
        }
        if (!(literal instanceof Literal.Text text) || text.type() != null) {
            return null;
        }
        List<Literal> elements = new ArrayList<>();
        for (String each : ReadArrayText.of(text.value())) {
            elements.add(each == null ? Literal.Null.NULL : new Literal.Text(each, element));
        }
        return new Literal.Array(elements, element);
    }

    /** A cast that changes nothing but the type: those of numbers to integers may round. */
    private static @Nullable Literal castTo(Literal literal, AttributeType type) {
        if (literal instanceof Literal.Text text && text.type() == null) {
            return new Literal.Text(text.value(), type);
        }
        boolean changesNothing =
                literal instanceof Literal.Decimal number
                        && (type == AttributeType.NUMERIC
                                || type == AttributeType.DOUBLE
                                || type == AttributeType.REAL
                                || (type == AttributeType.BIGINT
                                        && isBetween(
                                                number.value(), Long.MIN_VALUE, Long.MAX_VALUE))
                                || (type == AttributeType.INTEGER
                                        && isBetween(
                                                number.value(),
                                                Integer.MIN_VALUE,
                                                Integer.MAX_VALUE))
                                || (type == AttributeType.SMALLINT
                                        && isBetween(
                                                number.value(), Short.MIN_VALUE, Short.MAX_VALUE)));
        return changesNothing
                ? new Literal.Decimal(((Literal.Decimal) literal).value(), type)
                : null;
    }

    private static boolean isBetween(BigDecimal value, long least, long most) {
        return value.stripTrailingZeros().scale() <= 0
                && value.compareTo(BigDecimal.valueOf(least)) >= 0
                && value.compareTo(BigDecimal.valueOf(most)) <= 0;
    }
}
