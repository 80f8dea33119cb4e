package io.annexdb.sidecar.ivfpq;

import java.util.Arrays;

/** The blocks of one list, in the order they were filled; only the last one may have room. */
final class PostingList {
    private static final int[] NONE = {};

    /** Replaced when it grows. */
    private volatile int[] blocks = NONE;

    private int entries;
    private int reserved;
    private int reservedCount;

    /** Numbers of the blocks. */
    int[] blocks() {
        return blocks;
    }

    /** Places taken so far. For whoever holds the monitor, or when nobody appends. */
    int entries() {
        return entries;
    }

    /** What a file says of the list. */
    synchronized void restore(int[] numbers, int count) {
        blocks = numbers;
        entries = count;
    }

    /** The next place; for whoever holds the monitor until it is filled. */
    int takePlace(Lists lists) {
        int place = entries % Block.CODES;
        if (place == 0) {
            int[] more = Arrays.copyOf(blocks, blocks.length + 1);
            more[more.length - 1] = nextBlock(lists);
            blocks = more;
        }
        entries++;
        return place;
    }

    /** Blocks are taken several at a time when the list is long, so that they lie together. */
    private int nextBlock(Lists lists) {
        if (reservedCount == 0) {
            reservedCount = 1 + blocks.length / 4;
            reserved = lists.allocate(reservedCount);
        }
        reservedCount--;
        return reserved++;
    }

    /** The block that {@link #takePlace} gave a place in. */
    int lastBlock() {
        return blocks[blocks.length - 1];
    }
}
