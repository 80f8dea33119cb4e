package io.annexdb.sidecar.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A small buffer on a cache line, for a query's vector; freed when nobody refers to it. */
public final class NativeBuffer {
    private final MemorySegment segment;

    public NativeBuffer(long bytes) {
        segment = Arena.ofAuto().allocate(bytes, Slab.CACHE_LINE);
    }

    /** Valid as long as this object is reachable. */
    public long address() {
        return segment.address();
    }

    public long bytes() {
        return segment.byteSize();
    }
}
