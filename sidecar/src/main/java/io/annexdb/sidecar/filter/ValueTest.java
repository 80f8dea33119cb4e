package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.CanonicalValue;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A test of one value of a column that is kept as bytes. The value is not null. */
sealed interface ValueTest {
    Condition.Constant test(byte[] value);

    /** {@code =} and {@code IN}: found by code, without looking at other values. */
    record EqualsAny(Set<Bytes> wanted) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            return truth(wanted.contains(new Bytes(value)));
        }
    }

    /** The order of bytes: texts under the C collation, uuids. */
    record BytesCompare(Comparison comparison, Bytes literal) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            return truth(comparison.holds(new Bytes(value).compareTo(literal)));
        }
    }

    record NumericCompare(Comparison comparison, Bytes literal) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            return truth(comparison.holds(CanonicalValue.compareNumerics(value, literal.value())));
        }
    }

    record Like(LikePattern pattern) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            return truth(pattern.matches(value));
        }
    }

    /** {@code &&}: some element is among these. */
    record Overlaps(Set<Bytes> elements) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            for (Bytes element : elementsOf(value).present()) {
                if (elements.contains(element)) {
                    return Condition.Constant.TRUE;
                }
            }
            return Condition.Constant.FALSE;
        }
    }

    /** {@code @>}: all of these are elements; a NULL among them is none. */
    record Contains(Set<Bytes> elements, boolean hasNull) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            return truth(!hasNull && elementsOf(value).present().containsAll(elements));
        }
    }

    /** {@code <@}: every element is among these; a NULL element is not. */
    record ContainedBy(Set<Bytes> elements) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            Elements own = elementsOf(value);
            return truth(!own.hasNull() && elements.containsAll(own.present()));
        }
    }

    /** {@code literal = ANY (column)}: unknown if only a NULL element could be it. */
    record HasElement(Bytes element) implements ValueTest {
        @Override
        public Condition.Constant test(byte[] value) {
            Elements own = elementsOf(value);
            if (own.present().contains(element)) {
                return Condition.Constant.TRUE;
            }
            return own.hasNull() ? Condition.Constant.UNKNOWN : Condition.Constant.FALSE;
        }
    }

    /** An array's elements. */
    record Elements(Set<Bytes> present, boolean hasNull) {
        static Elements of(List<byte @Nullable []> elements) {
            Set<Bytes> present = new HashSet<>();
            boolean hasNull = false;
            for (byte[] element : elements) {
                if (element == null) {
                    hasNull = true;
                } else {
                    present.add(new Bytes(element));
                }
            }
            return new Elements(present, hasNull);
        }
    }

    private static Elements elementsOf(byte[] array) {
        return Elements.of(CanonicalValue.elements(array));
    }

    private static Condition.Constant truth(boolean holds) {
        return holds ? Condition.Constant.TRUE : Condition.Constant.FALSE;
    }
}
