package io.annexdb.sidecar.filter;

/** The operators that compare. */
enum Comparison {
    EQUAL("="),
    NOT_EQUAL("<>"),
    LESS("<"),
    AT_MOST("<="),
    GREATER(">"),
    AT_LEAST(">=");

    private final String operator;

    Comparison(String operator) {
        this.operator = operator;
    }

    /** The one of this spelling, {@code !=} being another of {@code <>}. */
    static Comparison of(String operator) {
        for (Comparison each : values()) {
            if (each.operator.equals(operator)) {
                return each;
            }
        }
        if (operator.equals("!=")) {
            return NOT_EQUAL;
        }
        throw Refusal.because("it has the operator " + operator);
    }

    /** The one with its sides exchanged. */
    Comparison mirrored() {
        return switch (this) {
            case EQUAL, NOT_EQUAL -> this;
            case LESS -> GREATER;
            case AT_MOST -> AT_LEAST;
            case GREATER -> LESS;
            case AT_LEAST -> AT_MOST;
        };
    }

    /** Whether it needs an order. */
    boolean isOrdering() {
        return this != EQUAL && this != NOT_EQUAL;
    }

    /** Whether it holds, by the sign of a comparison of left with right. */
    boolean holds(int sign) {
        return switch (this) {
            case EQUAL -> sign == 0;
            case NOT_EQUAL -> sign != 0;
            case LESS -> sign < 0;
            case AT_MOST -> sign <= 0;
            case GREATER -> sign > 0;
            case AT_LEAST -> sign >= 0;
        };
    }
}
