package io.annexdb.sidecar.filter;

import java.util.Arrays;

/**
 * The slots of a range that match, as a bitmap. A class because of its array, which nobody changes.
 */
public final class SlotMatches {
    private final int firstWord;
    private final int end;
    private final long[] words;
    private final int count;

    SlotMatches(int firstWord, int end, long[] words) {
        this.firstWord = firstWord;
        this.end = end;
        this.words = words;
        int bits = 0;
        for (long word : words) {
            bits += Long.bitCount(word);
        }
        this.count = bits;
    }

    /** How many slots match. */
    public int count() {
        return count;
    }

    /** Slots from here on were not there yet. */
    public int end() {
        return end;
    }

    /** Whether the slot was there and matches. */
    public boolean accepts(int slot) {
        int word = (slot >>> 6) - firstWord;
        return word >= 0 && word < words.length && (words[word] >>> (slot & 63) & 1) != 0;
    }

    /** The slots from one on that match, upwards. */
    public int[] slots(int first) {
        int[] slots = new int[count];
        int n = 0;
        for (int i = Math.max(0, (first >>> 6) - firstWord); i < words.length; i++) {
            for (long rest = words[i]; rest != 0; rest &= rest - 1) {
                int slot = ((i + firstWord) << 6) + Long.numberOfTrailingZeros(rest);
                if (slot >= first) {
                    slots[n++] = slot;
                }
            }
        }
        return Arrays.copyOf(slots, n);
    }
}
