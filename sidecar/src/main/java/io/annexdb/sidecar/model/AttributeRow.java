package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * The values of a row's included columns, in the order of the index's definition. A class because
 * of its arrays, which nobody changes.
 */
public final class AttributeRow {
    /** Of an index without included columns. */
    public static final AttributeRow NONE = unknown(0);

    /** What is known of one value. */
    public enum State {
        /** There is a value. */
        VALUE,
        NULL,
        /** An update left it alone and did not send it: it is what it was. */
        UNCHANGED,
        /** Not known here, so the row has to be looked at in the table. */
        UNKNOWN
    }

    private final State[] states;
    private final long[] numbers;
    private final byte[] @Nullable [] values;

    private AttributeRow(State[] states, long[] numbers, byte[] @Nullable [] values) {
        this.states = states;
        this.numbers = numbers;
        this.values = values;
    }

    /** A row of so many columns of which nothing is known. */
    public static AttributeRow unknown(int columns) {
        return new Builder(columns).build();
    }

    public int size() {
        return states.length;
    }

    public State state(int column) {
        return states[column];
    }

    /** The value of a column that is kept as a number. */
    public long number(int column) {
        return numbers[column];
    }

    /** The canonical bytes of a column that is kept as bytes; not to be changed. */
    public byte[] value(int column) {
        byte[] value = values[column];
        if (value == null) {
            throw new IllegalStateException("column " + column + " is " + states[column]);
        }
        return value;
    }

    /** Whether the column has canonical bytes, not a number. */
    public boolean isBytes(int column) {
        return values[column] != null;
    }

    /** Whether no value is known to differ. */
    public boolean agrees(AttributeRow other) {
        for (int i = 0; i < size(); i++) {
            if (isKnown(i) && other.isKnown(i) && !hasSame(i, other)) {
                return false;
            }
        }
        return true;
    }

    private boolean isKnown(int column) {
        return states[column] == State.VALUE || states[column] == State.NULL;
    }

    private boolean hasSame(int column, AttributeRow other) {
        return states[column] == other.states[column]
                && numbers[column] == other.numbers[column]
                && Arrays.equals(values[column], other.values[column]);
    }

    /** Whether both have the same states and values. */
    public boolean isSame(AttributeRow other) {
        return Arrays.equals(states, other.states)
                && Arrays.equals(numbers, other.numbers)
                && Arrays.deepEquals(values, other.values);
    }

    /** This row, with unchanged values taken from the row before; without one they are unknown. */
    public AttributeRow over(@Nullable AttributeRow before) {
        if (!Arrays.asList(states).contains(State.UNCHANGED)) {
            return this;
        }
        Builder builder = new Builder(size());
        for (int i = 0; i < size(); i++) {
            if (states[i] != State.UNCHANGED) {
                builder.copy(i, this);
            } else if (before != null) {
                builder.copy(i, before);
            }
        }
        return builder.build();
    }

    /** Puts a row together; a column that is not set is unknown. */
    public static final class Builder {
        private final State[] states;
        private final long[] numbers;
        private final byte[] @Nullable [] values;

        public Builder(int columns) {
            states = new State[columns];
            Arrays.fill(states, State.UNKNOWN);
            numbers = new long[columns];
            values = new byte[columns][];
        }

        public Builder number(int column, long number) {
            states[column] = State.VALUE;
            numbers[column] = number;
            return this;
        }

        /** Takes over the bytes. */
        public Builder value(int column, byte[] value) {
            states[column] = State.VALUE;
            values[column] = value;
            return this;
        }

        /** A column without a value, and why. */
        public Builder absent(int column, State state) {
            states[column] = state;
            return this;
        }

        private void copy(int column, AttributeRow from) {
            states[column] = from.states[column];
            numbers[column] = from.numbers[column];
            values[column] = from.values[column];
        }

        public AttributeRow build() {
            return new AttributeRow(states, numbers, values);
        }
    }
}
