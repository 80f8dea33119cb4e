package io.annexdb.sidecar.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;

/** A small buffer on a cache line, for a query's vector; freed when nobody refers to it. */
public final class NativeBuffer {
    private static final Cleaner CLEANER = Cleaner.create();

    private final MemorySegment segment;

    public NativeBuffer(long bytes) {
        segment = Arena.ofAuto().allocate(bytes, Slab.CACHE_LINE);
        if (NativeRanges.IS_WANTED) {
            // Holds the memory until it is struck off: else its next owner would be.
            MemorySegment held = segment;
            NativeRanges.put(held.address(), bytes);
            CLEANER.register(this, () -> NativeRanges.remove(held.address()));
        }
    }

    /** Valid as long as this object is reachable. */
    public long address() {
        return segment.address();
    }

    public long bytes() {
        return segment.byteSize();
    }
}
