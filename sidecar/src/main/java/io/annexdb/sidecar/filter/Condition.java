package io.annexdb.sidecar.filter;

import java.util.List;

/** A predicate, with the truth values true, false and unknown. Columns are numbered as included. */
sealed interface Condition {
    /** The same for every row. */
    enum Constant implements Condition {
        TRUE,
        FALSE,
        UNKNOWN
    }

    record And(List<Condition> parts) implements Condition {}

    record Or(List<Condition> parts) implements Condition {}

    record Not(Condition negated) implements Condition {}

    /** {@code IS NULL}: never unknown. */
    record IsNull(int column) implements Condition {}

    /** {@code IS UNKNOWN} turned round: true where the condition is true or false. */
    record IsKnown(Condition judged) implements Condition {}

    /** {@code IS TRUE}: never unknown. */
    record IsTrue(Condition judged) implements Condition {}

    /** A column of numbers has one of these; unknown where it is null. */
    record NumberIn(int column, NumberSet numbers) implements Condition {}

    /** A column of bytes passes a test; unknown where it is null. */
    record ValueIs(int column, ValueTest test) implements Condition {}
}
