package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.AttributeRow;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One included column, by slot. One writer. What readers read while a row is updated may be of both
 * versions; {@link Attributes} tells them.
 */
public sealed interface AttributeColumn extends AutoCloseable {
    /** Makes room for so many slots, and for the row's value. */
    void ensureRoom(int slots, AttributeRow row, int column);

    void put(int slot, AttributeRow row, int column);

    /** Adds the slot's value to a row. */
    void read(int slot, AttributeRow.Builder row, int column);

    long memoryBytes();

    @Override
    void close();

    /** A column of longs. */
    final class Numbers implements AttributeColumn {
        private final Slab numbers;
        private final SlotBits nulls;
        private final SlotBits unknowns;

        Numbers(MemoryBudget budget, long slotsMax) {
            numbers = new Slab(budget, "numbers of an included column", 8, slotsMax);
            nulls = new SlotBits(budget, "nulls of an included column", slotsMax);
            unknowns = new SlotBits(budget, "unknowns of an included column", slotsMax);
        }

        /** Copies the numbers of slots that follow each other; without meaning where null. */
        public void read(int first, int count, long[] into) {
            Native.getLongs(numbers.address(first), into, count);
        }

        /** A bit for each of the slots 64 × word and on that is null. */
        public long nulls(int word) {
            return nulls.word(word);
        }

        /** A bit for each of the slots 64 × word and on whose value is not known. */
        public long unknowns(int word) {
            return unknowns.word(word);
        }

        @Override
        public void ensureRoom(int slots, AttributeRow row, int column) {
            numbers.ensure(slots);
            nulls.ensure(slots);
            unknowns.ensure(slots);
        }

        @Override
        public void put(int slot, AttributeRow row, int column) {
            AttributeRow.State state = row.state(column);
            Native.putLong(numbers.address(slot), row.number(column));
            nulls.set(slot, state == AttributeRow.State.NULL);
            unknowns.set(
                    slot,
                    state == AttributeRow.State.UNKNOWN || state == AttributeRow.State.UNCHANGED);
        }

        @Override
        public void read(int slot, AttributeRow.Builder row, int column) {
            if (nulls.get(slot)) {
                row.absent(column, AttributeRow.State.NULL);
            } else if (!unknowns.get(slot)) {
                row.number(column, Native.getLong(numbers.address(slot)));
            }
        }

        @Override
        public long memoryBytes() {
            return numbers.bytes() + nulls.bytes() + unknowns.bytes();
        }

        @Override
        public void close() {
            numbers.close();
            nulls.close();
            unknowns.close();
        }
    }

    /** A column of bytes, as codes of a dictionary. */
    final class Values implements AttributeColumn {
        /** Code of a value that is not known; that of fresh memory. */
        public static final int UNKNOWN = 0;

        /** Code of NULL. */
        public static final int NULL = 1;

        /** Longer values are not kept; their rows have to be looked at in the table. */
        static final int VALUE_BYTES_MAX = 64 << 10;

        /** Questions whose answers are remembered. */
        private static final int QUESTIONS_MAX = 16;

        private final Slab codes;
        private final ValueDictionary dictionary;

        /** The least recently asked goes first. */
        private final Map<Object, byte[]> answers =
                new LinkedHashMap<>(QUESTIONS_MAX, 0.75f, true) {
                    private static final long serialVersionUID = 1;

                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Object, byte[]> eldest) {
                        return size() > QUESTIONS_MAX;
                    }
                };

        Values(MemoryBudget budget, long slotsMax) {
            codes = new Slab(budget, "codes of an included column", 4, slotsMax);
            dictionary = new ValueDictionary(budget, slotsMax);
        }

        public ValueDictionary dictionary() {
            return dictionary;
        }

        /**
         * By code what was answered to a question about the values, 0 where it was not asked yet:
         * values do not change. Threads may write into the array what all of them would; one that
         * needs a longer array remembers that.
         */
        public byte[] answers(Object question) {
            synchronized (answers) {
                return answers.computeIfAbsent(question, first -> new byte[dictionary.end()]);
            }
        }

        public void remember(Object question, byte[] longer) {
            synchronized (answers) {
                answers.put(question, longer);
            }
        }

        /** Copies the codes of slots that follow each other. */
        public void read(int first, int count, int[] into) {
            Native.getInts(codes.address(first), into, 0, count);
        }

        @Override
        public void ensureRoom(int slots, AttributeRow row, int column) {
            codes.ensure(slots);
            if (isKept(row, column)) {
                dictionary.ensureRoom(row.value(column).length);
            }
        }

        @Override
        public void put(int slot, AttributeRow row, int column) {
            int code =
                    switch (row.state(column)) {
                        case VALUE ->
                                isKept(row, column) ? dictionary.add(row.value(column)) : UNKNOWN;
                        case NULL -> NULL;
                        case UNKNOWN, UNCHANGED -> UNKNOWN;
                    };
            Native.putInt(codes.address(slot), code);
        }

        @Override
        public void read(int slot, AttributeRow.Builder row, int column) {
            int code = Native.getInt(codes.address(slot));
            if (code == NULL) {
                row.absent(column, AttributeRow.State.NULL);
            } else if (code != UNKNOWN) {
                row.value(column, dictionary.value(code));
            }
        }

        private static boolean isKept(AttributeRow row, int column) {
            return row.state(column) == AttributeRow.State.VALUE
                    && row.value(column).length <= VALUE_BYTES_MAX;
        }

        @Override
        public long memoryBytes() {
            return codes.bytes() + dictionary.memoryBytes();
        }

        @Override
        public void close() {
            codes.close();
            dictionary.close();
        }
    }
}
