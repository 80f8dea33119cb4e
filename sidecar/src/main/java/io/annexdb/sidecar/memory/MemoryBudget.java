package io.annexdb.sidecar.memory;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.concurrent.atomic.AtomicLong;

/** How much off-heap memory all slabs of a sidecar may take together. */
public final class MemoryBudget {
    private static final String REMEDY = "Raise the memory limit of the sidecar, or drop an index.";
    private static final int RESERVE = 16;

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
     * What the first copy of an index may still take: the last sixteenth is for those that serve.
     */
    public long freeForNewBytes() {
        return limitBytes - limitBytes / RESERVE - usedBytes.get();
    }

    /**
     * Ends the first copy of an index before it takes what indexes that serve need for their rows.
     *
     * @throws AnnexException {@link ErrorCode#OUT_OF_RESOURCES}
     */
    public void checkRoomForNew(String owner) {
        if (freeForNewBytes() < 0) {
            throw new AnnexException(
                    ErrorCode.OUT_OF_RESOURCES,
                    ("the first copy of %s needs more memory, but %,d of %,d bytes of index memory"
                                    + " are taken, and the last sixteenth is for indexes that"
                                    + " serve")
                            .formatted(owner, usedBytes.get(), limitBytes),
                    REMEDY);
        }
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
                    REMEDY);
        }
    }

    /** What to throw where a slab's address space, made for the limit, ends. */
    AnnexException beyond(String owner, long bytes, long most) {
        return new AnnexException(
                ErrorCode.OUT_OF_RESOURCES,
                "%s needs %,d bytes, but %,d are the most within %,d bytes of index memory"
                        .formatted(owner, bytes, most, limitBytes),
                REMEDY);
    }

    boolean hasRoom(long bytes) {
        return usedBytes.get() + bytes <= limitBytes;
    }

    void giveBack(long bytes) {
        usedBytes.addAndGet(-bytes);
    }
}
