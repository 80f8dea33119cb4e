package io.annexdb.sidecar.memory;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.concurrent.atomic.AtomicLong;

/** How much off-heap memory all slabs of a sidecar may take together. */
public final class MemoryBudget {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    /**
     * @param limitBytes the most that may be taken, from 1
     */
    public MemoryBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    public long limitBytes() {
        return limitBytes;
    }

    public long usedBytes() {
        return usedBytes.get();
    }

    /**
     * Takes memory.
     *
     * @throws AnnexException {@link ErrorCode#OUT_OF_RESOURCES} beyond the limit; nothing is taken
     */
    void take(String owner, long bytes) {
        long used = usedBytes.addAndGet(bytes);
        if (used > limitBytes) {
            usedBytes.addAndGet(-bytes);
            throw new AnnexException(
                    ErrorCode.OUT_OF_RESOURCES,
                    "%s needs %,d more bytes, but %,d of %,d bytes of index memory are taken"
                            .formatted(owner, bytes, used - bytes, limitBytes),
                    "Raise the memory limit of the sidecar, or drop an index.");
        }
    }

    void giveBack(long bytes) {
        usedBytes.addAndGet(-bytes);
    }
}
