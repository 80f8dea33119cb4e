package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.segment.AttributeColumn;
import io.annexdb.sidecar.segment.Attributes;
import io.annexdb.sidecar.segment.Segment;

/**
 * Evaluates a filter over a shard: block by block, column by column. A row of which a column that
 * the filter reads is not known matches, for its table to decide.
 */
public final class FindMatches {
    private final Segment segment;
    private final Attributes attributes;
    private final BlockTest test;
    private final AttributeColumn[] columns;
    private final int namespace;
    private final long[] found = new long[BlockTest.WORDS];
    private final int[] codes = new int[Attributes.BLOCK];

    /**
     * Prepares the evaluation, for one thread.
     *
     * @param namespace only slots of the namespace of this number; 0 for all
     */
    public FindMatches(Filter filter, Segment segment, int namespace) {
        this.segment = segment;
        this.attributes = segment.attributes();
        this.test = BlockTest.of(filter.condition(), attributes);
        this.columns =
                filter.columns().stream().map(attributes::column).toArray(AttributeColumn[]::new);
        this.namespace = namespace;
    }

    /** The live slots from one on that match. */
    public SlotMatches from(int first) {
        int end = segment.slots();
        int firstBlock = first / Attributes.BLOCK;
        int firstWord = firstBlock * BlockTest.WORDS;
        long[] words = new long[Math.max(0, ((end + 63) >>> 6) - firstWord)];
        for (int slot = firstBlock * Attributes.BLOCK; slot < end; slot += Attributes.BLOCK) {
            int count = Math.min(Attributes.BLOCK, end - slot);
            block(slot, count);
            for (int i = 0; i * 64 < count; i++) {
                words[(slot >>> 6) - firstWord + i] = live((slot >>> 6) + i, i, first, end);
            }
        }
        return new SlotMatches(firstWord, end, words);
    }

    private long live(int word, int i, int first, int end) {
        long bits = found[i] & ~segment.tombstones(word);
        int begin = word << 6;
        if (begin < first) {
            bits &= first - begin >= 64 ? 0 : -1L << (first - begin);
        }
        if (end - begin < 64) {
            bits &= (1L << (end - begin)) - 1;
        }
        return bits;
    }

    /** Tests a block, once more if one of its rows was updated meanwhile. */
    private void block(int slot, int count) {
        int block = slot / Attributes.BLOCK;
        int stamp;
        do {
            stamp = attributes.stamp(block);
            test.run(slot, count);
            for (int i = 0; i * 64 < count; i++) {
                found[i] = test.isTrue[i];
            }
            addUnknown(slot, count);
            if (namespace != 0) {
                keepNamespace(slot, count);
            }
        } while (!attributes.isUntouched(block, stamp));
    }

    private void addUnknown(int slot, int count) {
        for (AttributeColumn column : columns) {
            switch (column) {
                case AttributeColumn.Numbers numbers -> {
                    for (int i = 0; i * 64 < count; i++) {
                        found[i] |= numbers.unknowns((slot >>> 6) + i);
                    }
                }
                case AttributeColumn.Values values -> {
                    values.read(slot, count, codes);
                    for (int i = 0; i < count; i++) {
                        long bit = codes[i] == AttributeColumn.Values.UNKNOWN ? 1L : 0L;
                        found[i >>> 6] |= bit << (i & 63);
                    }
                }
            }
        }
    }

    private void keepNamespace(int slot, int count) {
        for (int i = 0; i * 64 < count; i++) {
            for (long rest = found[i]; rest != 0; rest &= rest - 1) {
                int offset = i * 64 + Long.numberOfTrailingZeros(rest);
                // Bits past the last slot say nothing.
                if (offset < count && segment.namespace(slot + offset) != namespace) {
                    found[i] &= ~(1L << offset);
                }
            }
        }
    }
}
