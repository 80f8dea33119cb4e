package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;

/** One bit per slot. One writer; readers see a bit together with all that came before it. */
final class SlotBits implements AutoCloseable {
    private final Slab words;

    SlotBits(MemoryBudget budget, String owner, long slotsMax) {
        words = new Slab(budget, owner, 8, (slotsMax >>> 6) + 1);
    }

    void ensure(int slots) {
        words.ensure((slots >>> 6) + 1L);
    }

    boolean get(int slot) {
        return (Native.getLongAcquire(words.address(slot >>> 6)) >>> (slot & 63) & 1) != 0;
    }

    void set(int slot) {
        long word = words.address(slot >>> 6);
        Native.putLongRelease(word, Native.getLong(word) | 1L << (slot & 63));
    }

    /** Sets the slot's bit to the value. */
    void set(int slot, boolean value) {
        long word = words.address(slot >>> 6);
        long bit = 1L << (slot & 63);
        long old = Native.getLong(word);
        Native.putLongRelease(word, value ? old | bit : old & ~bit);
    }

    /** The bits of slots 64 × index to 64 × index + 63. */
    long word(int index) {
        return Native.getLongAcquire(words.address(index));
    }

    long bytes() {
        return words.bytes();
    }

    @Override
    public void close() {
        words.close();
    }
}
