package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.CanonicalValue;
import io.annexdb.sidecar.model.IncludedColumn;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Conditions of one column against literals, where both have types that PostgreSQL compares so. */
final class CompareColumn {
    private static final int NAME_BYTES_MAX = 63;

    private final List<IncludedColumn> included;
    private final boolean utc;

    CompareColumn(List<IncludedColumn> included, boolean utc) {
        this.included = included;
        this.utc = utc;
    }

    /** {@code column operator literal}. */
    Condition compare(int column, Comparison comparison, Literal literal) {
        IncludedColumn type = included.get(column);
        if (comparison == Comparison.NOT_EQUAL) {
            return new Condition.Not(compare(column, Comparison.EQUAL, literal));
        }
        if (type.isNumber()) {
            return new Condition.NumberIn(
                    column, CompareNumber.with(type, comparison, literal, utc));
        }
        Bytes value = bytes(type, literal);
        return new Condition.ValueIs(column, test(type, comparison, value));
    }

    private static ValueTest test(IncludedColumn column, Comparison comparison, Bytes value) {
        if (comparison == Comparison.EQUAL) {
            return new ValueTest.EqualsAny(Set.of(value));
        }
        if (column.type() == AttributeType.NUMERIC) {
            return new ValueTest.NumericCompare(comparison, value);
        }
        boolean bytewise =
                column.type() == AttributeType.UUID
                        || (column.bytewise() && column.type() != AttributeType.CHARACTER);
        if (!bytewise) {
            throw Refusal.because(
                    "column \"" + column.name() + "\" is ordered otherwise than byte by byte");
        }
        return new ValueTest.BytesCompare(comparison, value);
    }

    /** {@code column IN (literals)}. */
    Condition in(int column, List<Literal> literals) {
        IncludedColumn type = included.get(column);
        List<Literal> values = literals.stream().filter(each -> each != Literal.Null.NULL).toList();
        boolean allStrings =
                literals.stream()
                        .allMatch(each -> each instanceof Literal.Text text && text.type() == null);
        if (type.type() == AttributeType.REAL && !allStrings && literals.size() > 1) {
            throw Refusal.because("it looks for a real in a list, whose type may be another");
        }
        Condition found = any(column, type, values);
        return values.size() == literals.size()
                ? found
                : new Condition.Or(List.of(found, Condition.Constant.UNKNOWN));
    }

    private Condition any(int column, IncludedColumn type, List<Literal> values) {
        if (!type.isNumber()) {
            Set<Bytes> wanted = new HashSet<>();
            values.forEach(each -> wanted.add(bytes(type, each)));
            return new Condition.ValueIs(column, new ValueTest.EqualsAny(wanted));
        }
        return new Condition.NumberIn(
                column,
                NumberSet.of(
                        values.stream()
                                .map(each -> CompareNumber.with(type, Comparison.EQUAL, each, utc))
                                .filter(set -> !set.isEmpty())
                                .mapToLong(NumberSet::first)
                                .toArray()));
    }

    /** {@code column = ANY (array)}. */
    Condition equalsAny(int column, Literal array) {
        IncludedColumn type = included.get(column);
        if (type.type() == AttributeType.REAL
                || type.type() == AttributeType.CHARACTER
                || type.type().isArray()) {
            throw Refusal.because("it compares column \"" + type.name() + "\" with an array");
        }
        List<Literal> elements = elements(array);
        return elements.isEmpty() ? Condition.Constant.FALSE : in(column, elements);
    }

    private static List<Literal> elements(Literal array) {
        if (array instanceof Literal.Array literal) {
            if (literal.elementType() == null
                    && literal.elements().stream().anyMatch(Literal.Text.class::isInstance)) {
                return typed(literal.elements(), AttributeType.TEXT);
            }
            return literal.elementType() == null
                    ? literal.elements()
                    : typed(literal.elements(), literal.elementType());
        }
        if (array instanceof Literal.Text text && text.type() == null) {
            return ReadArrayText.of(text.value()).stream()
                    .<Literal>map(
                            each -> each == null ? Literal.Null.NULL : new Literal.Text(each, null))
                    .toList();
        }
        throw Refusal.because("it has " + array + " where an array should be");
    }

    private static List<Literal> typed(List<Literal> elements, AttributeType type) {
        return elements.stream()
                .map(each ->
                        each instanceof Literal.Text text && text.type() == null
                                ? new Literal.Text(text.value(), type)
                                : each)
                .toList();
    }

    /** {@code literal = ANY (column)}. */
    Condition hasElement(int column, Literal literal) {
        return new Condition.ValueIs(
                column, new ValueTest.HasElement(element(included.get(column), literal)));
    }

    /** {@code column && array}, {@code column @> array} or {@code column <@ array}. */
    Condition arrays(int column, String operator, Literal array) {
        IncludedColumn type = included.get(column);
        if (!type.type().isArray()) {
            throw Refusal.because("column \"" + type.name() + "\" is not an array");
        }
        Set<Bytes> present = new HashSet<>();
        boolean hasNull = false;
        for (Literal element : elements(array)) {
            if (element == Literal.Null.NULL) {
                hasNull = true;
            } else {
                present.add(element(type, element));
            }
        }
        return new Condition.ValueIs(
                column,
                switch (operator) {
                    case "&&" -> new ValueTest.Overlaps(present);
                    case "@>" -> new ValueTest.Contains(present, hasNull);
                    case "<@" -> new ValueTest.ContainedBy(present);
                    default -> throw Refusal.because("it has the operator " + operator);
                });
    }

    private static Bytes element(IncludedColumn column, Literal literal) {
        return switch (column.type()) {
            case SMALLINT_ARRAY, INTEGER_ARRAY, BIGINT_ARRAY -> {
                BigDecimal value = CompareNumber.decimal(literal, column);
                if (value.stripTrailingZeros().scale() > 0
                        || value.abs().compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
                    throw Refusal.because("it looks for " + value + " among integers");
                }
                yield new Bytes(CanonicalValue.ofInteger(value.longValueExact()));
            }
            case TEXT_ARRAY, VARCHAR_ARRAY -> new Bytes(CanonicalValue.ofText(text(literal)));
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
                    throw Refusal.because("column \"" + column.name() + "\" is not an array");
        };
    }

    /** {@code column LIKE pattern}. */
    Condition like(int column, Literal pattern) {
        IncludedColumn type = included.get(column);
        boolean isText =
                type.type() == AttributeType.TEXT
                        || type.type() == AttributeType.VARCHAR
                        || type.type() == AttributeType.NAME;
        if (!isText) {
            throw Refusal.because("LIKE is for texts, not for column \"" + type.name() + "\"");
        }
        return new Condition.ValueIs(column, new ValueTest.Like(LikePattern.of(text(pattern))));
    }

    private static Bytes bytes(IncludedColumn column, Literal literal) {
        return switch (column.type()) {
            case TEXT, VARCHAR -> new Bytes(CanonicalValue.ofText(text(literal)));
            case NAME -> {
                byte[] name = CanonicalValue.ofText(text(literal));
                if (name.length > NAME_BYTES_MAX) {
                    throw Refusal.because("it has a name of " + name.length + " bytes");
                }
                yield new Bytes(name);
            }
            case CHARACTER -> {
                if (!(literal instanceof Literal.Text text) || text.type() != null) {
                    throw Refusal.because("it compares a character with " + literal);
                }
                yield new Bytes(CanonicalValue.ofText(text.value().replaceAll(" +$", "")));
            }
            case UUID -> uuid(literal);
            case NUMERIC -> numeric(column, literal);
            case SMALLINT_ARRAY,
                    INTEGER_ARRAY,
                    BIGINT_ARRAY,
                    TEXT_ARRAY,
                    VARCHAR_ARRAY,
                    BOOLEAN,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    REAL,
                    DOUBLE,
                    DATE,
                    TIMESTAMP,
                    TIMESTAMPTZ ->
                    throw Refusal.because(
                            "column \"" + column.name() + "\" is compared with " + literal);
        };
    }

    private static String text(Literal literal) {
        if (literal instanceof Literal.Text text
                && (text.type() == null
                        || text.type() == AttributeType.TEXT
                        || text.type() == AttributeType.VARCHAR)) {
            return text.value();
        }
        throw Refusal.because("it compares a text with " + literal);
    }

    private static Bytes uuid(Literal literal) {
        if (literal instanceof Literal.Text text
                && (text.type() == null || text.type() == AttributeType.UUID)
                && text.value().matches("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}")) {
            return new Bytes(CanonicalValue.ofUuid(UUID.fromString(text.value())));
        }
        throw Refusal.because("it compares a uuid with " + literal);
    }

    private static Bytes numeric(IncludedColumn column, Literal literal) {
        if (literal instanceof Literal.Text text
                && (text.type() == null || text.type() == AttributeType.NUMERIC)) {
            for (String special : List.of("NaN", "Infinity", "-Infinity")) {
                if (text.value().strip().equalsIgnoreCase(special)) {
                    return new Bytes(CanonicalValue.ofSpecialNumeric(special));
                }
            }
        }
        return new Bytes(CanonicalValue.ofNumeric(CompareNumber.decimal(literal, column)));
    }
}
