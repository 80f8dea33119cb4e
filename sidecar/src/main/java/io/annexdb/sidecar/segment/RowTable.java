package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;

/**
 * What a slot knows of its row besides the vector. Per slot 32 bytes:
 *
 * <pre>
 *  0  long  where the key lies in the key bytes: int length, then the bytes
 *  8  long  hash of the key
 * 16  long  PostgreSQL's hash of the vector
 * 24  int   number of the namespace, 0 for none
 * </pre>
 */
final class RowTable implements AutoCloseable {
    static final int ROW_BYTES = 32;
    private static final int KEY_HASH = 8;
    private static final int VECTOR_HASH = 16;
    private static final int NAMESPACE = 24;

    private final Slab rows;
    private final Slab keys;
    private long keyBytes;

    RowTable(MemoryBudget budget, long slotsMax) {
        rows = new Slab(budget, "rows of an index", ROW_BYTES, slotsMax);
        keys = new Slab(budget, "keys of an index", 1, Long.MAX_VALUE);
    }

    void ensure(int slots, int keyLength) {
        rows.ensure(slots);
        keys.ensure(keyBytes + 8 + keyLength);
    }

    void put(int slot, byte[] key, long keyHash, long vectorHash, int namespace) {
        long row = rows.address(slot);
        Native.putLong(row + VECTOR_HASH, vectorHash);
        setNamespace(slot, namespace);
        setKey(slot, key, keyHash);
    }

    /** Gives the slot another key; a reader sees the one or the other. */
    void setKey(int slot, byte[] key, long keyHash) {
        long at = keyBytes;
        Native.putInt(keys.base() + at, key.length);
        Native.putBytes(keys.base() + at + 4, key, 0, key.length);
        keyBytes = (at + 4 + key.length + 3) & ~3L;
        long row = rows.address(slot);
        Native.putLong(row + KEY_HASH, keyHash);
        Native.putLongRelease(row, at);
    }

    void setNamespace(int slot, int namespace) {
        Native.putIntRelease(rows.address(slot) + NAMESPACE, namespace);
    }

    byte[] key(int slot) {
        long at = keys.base() + Native.getLongAcquire(rows.address(slot));
        byte[] key = new byte[Native.getInt(at)];
        Native.getBytes(at + 4, key, 0, key.length);
        return key;
    }

    boolean hasKey(int slot, byte[] key) {
        long at = keys.base() + Native.getLongAcquire(rows.address(slot));
        if (Native.getInt(at) != key.length) {
            return false;
        }
        for (int i = 0; i < key.length; i++) {
            if (Native.getByte(at + 4 + i) != key[i]) {
                return false;
            }
        }
        return true;
    }

    long keyHash(int slot) {
        return Native.getLong(rows.address(slot) + KEY_HASH);
    }

    long vectorHash(int slot) {
        return Native.getLong(rows.address(slot) + VECTOR_HASH);
    }

    int namespace(int slot) {
        return Native.getIntAcquire(rows.address(slot) + NAMESPACE);
    }

    long bytes() {
        return rows.bytes() + keys.bytes();
    }

    @Override
    public void close() {
        rows.close();
        keys.close();
    }
}
