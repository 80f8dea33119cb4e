package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AttributeType;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.util.List;

/** A constant of a filter, with the type that PostgreSQL gives it. */
sealed interface Literal {
    enum Null implements Literal {
        NULL
    }

    record Truth(boolean value) implements Literal {}

    /** A number without quotes; SMALLINT to NUMERIC, REAL or DOUBLE after a cast. */
    record Decimal(BigDecimal value, AttributeType type) implements Literal {}

    /** A string; null for a type that its surroundings decide. */
    record Text(String value, @Nullable AttributeType type) implements Literal {}

    /** {@code ARRAY[…]}; null for a type that its elements decide. */
    record Array(List<Literal> elements, @Nullable AttributeType elementType) implements Literal {}
}
