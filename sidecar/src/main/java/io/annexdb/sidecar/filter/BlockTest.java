package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.segment.AttributeColumn;
import io.annexdb.sidecar.segment.Attributes;
import io.annexdb.sidecar.segment.ValueDictionary;

import java.util.Arrays;
import java.util.List;

/**
 * A condition over one shard, for a block of slots at a time: a bit where it is true, a bit where
 * it is false, none where it is unknown. For one thread.
 */
abstract sealed class BlockTest {
    static final int WORDS = Attributes.BLOCK / 64;

    final long[] isTrue = new long[WORDS];
    final long[] isFalse = new long[WORDS];

    /** Tests the slots from the first of a block on. */
    abstract void run(int first, int count);

    static BlockTest of(Condition condition, Attributes attributes) {
        return switch (condition) {
            case Condition.Constant constant -> new Same(constant);
            case Condition.And and -> new All(parts(and.parts(), attributes));
            case Condition.Or or -> new Any(parts(or.parts(), attributes));
            case Condition.Not not -> new Negation(of(not.negated(), attributes));
            case Condition.IsKnown known -> new Judged(of(known.judged(), attributes), true);
            case Condition.IsTrue truth -> new Judged(of(truth.judged(), attributes), false);
            case Condition.IsNull test -> new Nulls(attributes.column(test.column()));
            case Condition.NumberIn test ->
                    new Numbers(
                            (AttributeColumn.Numbers) attributes.column(test.column()),
                            test.numbers());
            case Condition.ValueIs test ->
                    new Values(
                            (AttributeColumn.Values) attributes.column(test.column()), test.test());
        };
    }

    private static BlockTest[] parts(List<Condition> parts, Attributes attributes) {
        return parts.stream().map(part -> of(part, attributes)).toArray(BlockTest[]::new);
    }

    private static final class Same extends BlockTest {
        Same(Condition.Constant constant) {
            switch (constant) {
                case TRUE -> Arrays.fill(isTrue, -1L);
                case FALSE -> Arrays.fill(isFalse, -1L);
                case UNKNOWN -> {}
            }
        }

        @Override
        void run(int first, int count) {}
    }

    private static final class All extends BlockTest {
        private final BlockTest[] parts;

        All(BlockTest[] parts) {
            this.parts = parts;
        }

        @Override
        void run(int first, int count) {
            Arrays.fill(isTrue, -1L);
            Arrays.fill(isFalse, 0);
            for (BlockTest part : parts) {
                part.run(first, count);
                for (int i = 0; i < WORDS; i++) {
                    isTrue[i] &= part.isTrue[i];
                    isFalse[i] |= part.isFalse[i];
                }
            }
        }
    }

    private static final class Any extends BlockTest {
        private final BlockTest[] parts;

        Any(BlockTest[] parts) {
            this.parts = parts;
        }

        @Override
        void run(int first, int count) {
            Arrays.fill(isTrue, 0);
            Arrays.fill(isFalse, -1L);
            for (BlockTest part : parts) {
                part.run(first, count);
                for (int i = 0; i < WORDS; i++) {
                    isTrue[i] |= part.isTrue[i];
                    isFalse[i] &= part.isFalse[i];
                }
            }
        }
    }

    private static final class Negation extends BlockTest {
        private final BlockTest negated;

        Negation(BlockTest negated) {
            this.negated = negated;
        }

        @Override
        void run(int first, int count) {
            negated.run(first, count);
            System.arraycopy(negated.isTrue, 0, isFalse, 0, WORDS);
            System.arraycopy(negated.isFalse, 0, isTrue, 0, WORDS);
        }
    }

    /** Is it true, or is it known: never unknown itself. */
    private static final class Judged extends BlockTest {
        private final BlockTest judged;
        private final boolean known;

        Judged(BlockTest judged, boolean known) {
            this.judged = judged;
            this.known = known;
        }

        @Override
        void run(int first, int count) {
            judged.run(first, count);
            for (int i = 0; i < WORDS; i++) {
                isTrue[i] = known ? judged.isTrue[i] | judged.isFalse[i] : judged.isTrue[i];
                isFalse[i] = ~isTrue[i];
            }
        }
    }

    private static final class Nulls extends BlockTest {
        private final AttributeColumn column;
        private final int[] codes = new int[Attributes.BLOCK];

        Nulls(AttributeColumn column) {
            this.column = column;
        }

        @Override
        void run(int first, int count) {
            switch (column) {
                case AttributeColumn.Numbers numbers -> {
                    for (int i = 0; i * 64 < count; i++) {
                        isTrue[i] = numbers.nulls((first >>> 6) + i);
                    }
                }
                case AttributeColumn.Values values -> {
                    values.read(first, count, codes);
                    Arrays.fill(isTrue, 0);
                    for (int i = 0; i < count; i++) {
                        long bit = codes[i] == AttributeColumn.Values.NULL ? 1L : 0L;
                        isTrue[i >>> 6] |= bit << (i & 63);
                    }
                }
            }
            for (int i = 0; i < WORDS; i++) {
                isFalse[i] = ~isTrue[i];
            }
        }
    }

    private static final class Numbers extends BlockTest {
        private final AttributeColumn.Numbers column;
        private final NumberSet wanted;
        private final long[] numbers = new long[Attributes.BLOCK];

        Numbers(AttributeColumn.Numbers column, NumberSet wanted) {
            this.column = column;
            this.wanted = wanted;
        }

        @Override
        void run(int first, int count) {
            column.read(first, count, numbers);
            Arrays.fill(isTrue, 0);
            if (wanted.isRange()) {
                range(count, wanted.first(), wanted.last());
            } else if (!wanted.isEmpty()) {
                for (int i = 0; i < count; i++) {
                    isTrue[i >>> 6] |= (wanted.contains(numbers[i]) ? 1L : 0L) << (i & 63);
                }
            }
            for (int i = 0; i * 64 < count; i++) {
                long nulls = column.nulls((first >>> 6) + i);
                isTrue[i] &= ~nulls;
                isFalse[i] = ~isTrue[i] & ~nulls;
            }
        }

        private void range(int count, long from, long to) {
            for (int word = 0; word * 64 < count; word++) {
                int begin = word * 64;
                int end = Math.min(count, begin + 64);
                long bits = 0;
                for (int i = begin; i < end; i++) {
                    long number = numbers[i];
                    bits |= (number >= from && number <= to ? 1L : 0L) << i;
                }
                isTrue[word] = bits;
            }
        }
    }

    private static final class Values extends BlockTest {
        private static final byte TRUE = 1;
        private static final byte FALSE = 2;
        private static final byte UNKNOWN = 3;

        private final AttributeColumn.Values column;
        private final ValueDictionary dictionary;
        private final ValueTest test;
        private final int[] codes = new int[Attributes.BLOCK];

        /** By code what the test says, 0 while it was not asked. */
        private byte[] truths;

        Values(AttributeColumn.Values column, ValueTest test) {
            this.column = column;
            this.dictionary = column.dictionary();
            this.test = test;
            this.truths = truths();
            truths[AttributeColumn.Values.UNKNOWN] = UNKNOWN;
            truths[AttributeColumn.Values.NULL] = UNKNOWN;
        }

        /** Equal values are found at once; other questions are asked of each value, once. */
        private byte[] truths() {
            if (!(test instanceof ValueTest.EqualsAny equals)) {
                return column.answers(test);
            }
            // A value that comes later is looked at when it is met.
            byte[] found = new byte[dictionary.end()];
            Arrays.fill(found, ValueDictionary.FIRST_CODE, found.length, FALSE);
            for (Bytes wanted : equals.wanted()) {
                int code = dictionary.find(wanted.value());
                if (code != 0 && code < found.length) {
                    found[code] = TRUE;
                }
            }
            return found;
        }

        @Override
        void run(int first, int count) {
            column.read(first, count, codes);
            for (int word = 0; word * 64 < count; word++) {
                int begin = word * 64;
                int end = Math.min(count, begin + 64);
                long yes = 0;
                long no = 0;
                for (int i = begin; i < end; i++) {
                    int code = codes[i];
                    byte truth = code < truths.length ? truths[code] : 0;
                    if (truth == 0) {
                        truth = ask(code);
                    }
                    yes |= (truth == TRUE ? 1L : 0L) << i;
                    no |= (truth == FALSE ? 1L : 0L) << i;
                }
                isTrue[word] = yes;
                isFalse[word] = no;
            }
        }

        private byte ask(int code) {
            if (code >= truths.length) {
                truths = Arrays.copyOf(truths, Math.max(code + 1, dictionary.end()));
                if (!(test instanceof ValueTest.EqualsAny)) {
                    column.remember(test, truths);
                }
            }
            byte truth =
                    switch (test.test(dictionary.value(code))) {
                        case TRUE -> TRUE;
                        case FALSE -> FALSE;
                        case UNKNOWN -> UNKNOWN;
                    };
            truths[code] = truth;
            return truth;
        }
    }
}
