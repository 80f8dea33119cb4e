package io.annexdb.sidecar.segment;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Key to slot, open addressing with linear probing over slots; the keys themselves are in the
 * {@link RowTable}. One writer. A reader may look up at any time: it sees the table as of some
 * moment not before its call.
 */
final class KeyTable {
    private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int EMPTY = 0;
    private static final int REMOVED = -1;

    private final RowTable rows;

    /** Slot + 1, {@link #EMPTY} or {@link #REMOVED}; at most half of the cells are not empty. */
    private volatile int[] cells = new int[64];

    private int used;
    private int live;

    KeyTable(RowTable rows) {
        this.rows = rows;
    }

    /** The slot of the key, or -1. */
    int find(byte[] key, long hash) {
        int[] table = cells;
        int cell = cellOf(table, key, hash);
        return cell < 0 ? -1 : Math.max(-1, (int) CELLS.getAcquire(table, cell) - 1);
    }

    /**
     * Binds the key to the slot, which already has that key in the row table. One search for both,
     * because over many rows each is a miss of the caches.
     *
     * @return the slot that the key had, or -1
     */
    int put(byte[] key, long hash, int slot) {
        int[] table = cells;
        int cell = cellOf(table, key, hash);
        if (cell >= 0) {
            int old = table[cell] - 1;
            CELLS.setRelease(table, cell, slot + 1);
            return old;
        }
        if ((used + 1) * 2L > table.length) {
            table = rehash();
        }
        insert(table, hash, slot);
        used++;
        live++;
        return -1;
    }

    /** Forgets the key. */
    void remove(byte[] key, long hash) {
        int[] table = cells;
        int cell = cellOf(table, key, hash);
        if (cell >= 0) {
            CELLS.setRelease(table, cell, REMOVED);
            live--;
        }
    }

    long bytes() {
        return cells.length * 4L;
    }

    private int cellOf(int[] table, byte[] key, long hash) {
        int mask = table.length - 1;
        for (int cell = (int) hash & mask; ; cell = (cell + 1) & mask) {
            int value = (int) CELLS.getAcquire(table, cell);
            if (value == EMPTY) {
                return -1;
            }
            if (value != REMOVED
                    && rows.keyHash(value - 1) == hash
                    && rows.hasKey(value - 1, key)) {
                return cell;
            }
        }
    }

    private static void insert(int[] table, long hash, int slot) {
        int mask = table.length - 1;
        int cell = (int) hash & mask;
        while (table[cell] != EMPTY) {
            cell = (cell + 1) & mask;
        }
        CELLS.setRelease(table, cell, slot + 1);
    }

    private int[] rehash() {
        int[] old = cells;
        int length = old.length;
        while ((live + 1) * 3L > length) {
            length = Math.multiplyExact(length, 2);
        }
        int[] table = new int[length];
        for (int value : old) {
            if (value != EMPTY && value != REMOVED) {
                insert(table, rows.keyHash(value - 1), value - 1);
            }
        }
        used = live;
        cells = table;
        return table;
    }
}
