package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The different values of a column that is kept as bytes, each with a code. Values are only added;
 * those that no row has any more go when the segment is compacted. One writer; readers without
 * locks.
 */
public final class ValueDictionary implements AutoCloseable {
    /** Codes begin here; those below say that there is no value, or that it is not known. */
    public static final int FIRST_CODE = 2;

    private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int ENTRY_BYTES = 16;
    private static final int HASH = 8;

    /** Per code 16 bytes: where the value lies (int length, bytes), and its hash. */
    private final Slab entries;

    private final Slab bytes;
    private long usedBytes;

    /** Code or 0, by hash; at most half of the cells are taken. */
    private volatile int[] cells = new int[64];

    private volatile int end = FIRST_CODE;

    ValueDictionary(MemoryBudget budget, long slotsMax) {
        entries = new Slab(budget, "values of an included column", ENTRY_BYTES, slotsMax * 2);
        bytes = new Slab(budget, "values of an included column", 1, Long.MAX_VALUE);
    }

    /** Codes are below this. */
    public int end() {
        return end;
    }

    /** The value's code, or 0 when no row ever had it. */
    public int find(byte[] value) {
        return find(value, KeyHash.of(value));
    }

    /** The bytes of a value. */
    public byte[] value(int code) {
        long at = bytes.base() + Native.getLong(entries.address(code));
        byte[] value = new byte[Native.getInt(at)];
        Native.getBytes(at + 4, value, 0, value.length);
        return value;
    }

    /** Takes the memory for one more value. */
    void ensureRoom(int length) {
        entries.ensure(end + 1L);
        bytes.ensure(usedBytes + 8 + length);
    }

    /** The code of a value, new if need be. */
    int add(byte[] value) {
        long hash = KeyHash.of(value);
        int known = find(value, hash);
        if (known != 0) {
            return known;
        }
        int code = end;
        int[] table = cells;
        if ((code + 1) * 2L > table.length) {
            table = rehash();
        }
        Native.putInt(bytes.base() + usedBytes, value.length);
        Native.putBytes(bytes.base() + usedBytes + 4, value, 0, value.length);
        long entry = entries.address(code);
        Native.putLong(entry, usedBytes);
        Native.putLong(entry + HASH, hash);
        usedBytes = (usedBytes + 4 + value.length + 3) & ~3L;
        end = code + 1;
        insert(table, hash, code);
        return code;
    }

    private int find(byte[] value, long hash) {
        int[] table = cells;
        int mask = table.length - 1;
        for (int cell = (int) hash & mask; ; cell = (cell + 1) & mask) {
            int code = (int) CELLS.getAcquire(table, cell);
            if (code == 0) {
                return 0;
            }
            if (Native.getLong(entries.address(code) + HASH) == hash && has(code, value)) {
                return code;
            }
        }
    }

    private boolean has(int code, byte[] value) {
        long at = bytes.base() + Native.getLong(entries.address(code));
        if (Native.getInt(at) != value.length) {
            return false;
        }
        for (int i = 0; i < value.length; i++) {
            if (Native.getByte(at + 4 + i) != value[i]) {
                return false;
            }
        }
        return true;
    }

    private int[] rehash() {
        int[] table = new int[Math.multiplyExact(cells.length, 2)];
        for (int code = FIRST_CODE; code < end; code++) {
            insert(table, Native.getLong(entries.address(code) + HASH), code);
        }
        cells = table;
        return table;
    }

    private static void insert(int[] table, long hash, int code) {
        int mask = table.length - 1;
        int cell = (int) hash & mask;
        while (table[cell] != 0) {
            cell = (cell + 1) & mask;
        }
        CELLS.setRelease(table, cell, code);
    }

    long memoryBytes() {
        return entries.bytes() + bytes.bytes() + cells.length * 4L;
    }

    @Override
    public void close() {
        entries.close();
        bytes.close();
    }
}
