package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.NativeBuffer;

/**
 * A stored vector as a query. Mostly that is the vector where it lies; kernels of float16 want a
 * query of float32, which then lies in a buffer until the next one is asked for. For one thread.
 */
public final class SlotQuery {
    private final VectorStore vectors;
    private final NativeBuffer buffer;

    public SlotQuery(VectorStore vectors) {
        this.vectors = vectors;
        this.buffer = new NativeBuffer(vectors.isQueryForm() ? 1 : vectors.queryBytes());
    }

    /** Address of the slot's vector in the form of a query. */
    public long address(int slot) {
        if (vectors.isQueryForm()) {
            return vectors.address(slot);
        }
        vectors.putQuery(buffer.address(), vectors.get(slot));
        return buffer.address();
    }
}
