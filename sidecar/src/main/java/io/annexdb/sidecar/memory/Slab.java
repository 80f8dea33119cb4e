package io.annexdb.sidecar.memory;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;

/**
 * Off-heap memory of one owner: equal slots at a fixed stride, from a base that never moves, so
 * that readers need no lock while it grows. Fresh memory is zero. Growing is for one thread at a
 * time and must happen before a slot is shown to others; closing is for the {@link ReaderGate}.
 */
public final class Slab implements AutoCloseable {
    /** Vectors and lists of neighbours begin on cache lines. */
    public static final long CACHE_LINE = 64;

    private static final long STEP_LEAST = 64L << 10;
    private static final long STEP_MOST = 64L << 20;

    /** Address space of a mapped slab; reserving it costs nothing. */
    private static final long MAPPED_BYTES_MOST = 4L << 40;

    private final MemoryBudget budget;
    private final String owner;
    private final long strideBytes;
    private final long mapped;
    private final long mappedBytes;
    private final long base;
    private final long reservedBytes;
    private final @Nullable TemporaryFile file;
    private volatile long committedBytes;

    /**
     * Memory of its own.
     *
     * @param owner whose memory it is, for messages
     * @param strideBytes bytes per slot
     * @param slotsMax slots that address space is reserved for, as far as the budget's limit goes
     */
    public Slab(MemoryBudget budget, String owner, long strideBytes, long slotsMax) {
        this(budget, owner, strideBytes, slotsMax, null, budget.limitBytes());
        Pages.adviseHuge(base, reservedBytes);
    }

    /**
     * Memory that is a file on the disk of a directory, which goes with the slab. It counts for no
     * budget: its pages are the system's cache, and {@link #letGo} takes them out of the process.
     */
    public static Slab mapped(
            MemoryBudget budget, String owner, long strideBytes, long slotsMax, Path directory) {
        return new Slab(
                budget,
                owner,
                strideBytes,
                slotsMax,
                new TemporaryFile(directory),
                MAPPED_BYTES_MOST);
    }

    private Slab(
            MemoryBudget budget,
            String owner,
            long strideBytes,
            long slotsMax,
            @Nullable TemporaryFile file,
            long bytesMost) {
        this.budget = budget;
        this.owner = owner;
        this.strideBytes = strideBytes;
        this.file = file;
        long most = roundUp(bytesMost, Pages.HUGE);
        this.reservedBytes =
                slotsMax > most / strideBytes
                        ? most
                        : roundUp(Math.max(1, slotsMax * strideBytes), Pages.HUGE);
        this.mappedBytes = reservedBytes + Pages.HUGE;
        this.mapped = Pages.reserve(mappedBytes);
        this.base = roundUp(mapped, Pages.HUGE);
    }

    /** A multiple of {@link #CACHE_LINE} that holds so many bytes. */
    public static long cacheLines(long bytes) {
        return roundUp(bytes, CACHE_LINE);
    }

    public long base() {
        return base;
    }

    public long strideBytes() {
        return strideBytes;
    }

    public long address(long slot) {
        return base + slot * strideBytes;
    }

    /** Committed memory in bytes. */
    public long bytes() {
        return committedBytes;
    }

    /**
     * Makes room for so many slots in all.
     *
     * @throws io.annexdb.sidecar.model.AnnexException OUT_OF_RESOURCES beyond the limit
     */
    public void ensure(long slots) {
        long needed = slots * strideBytes;
        if (needed > committedBytes) {
            grow(needed);
        }
    }

    private synchronized void grow(long needed) {
        long committed = committedBytes;
        if (needed <= committed) {
            return;
        }
        if (needed > reservedBytes) {
            // Behind it lies other memory.
            throw budget.beyond(owner, needed, reservedBytes);
        }
        long step = Math.min(Math.max(committed, STEP_LEAST), STEP_MOST);
        long target =
                Math.min(reservedBytes, roundUp(Math.max(needed, committed + step), STEP_LEAST));
        if (file == null) {
            target = committed + commit(committed, target - committed, needed - committed);
        } else {
            file.allocate(committed, target - committed);
            Pages.commitFile(base + committed, target - committed, file.descriptor(), committed);
        }
        NativeRanges.put(base, target);
        committedBytes = target;
    }

    /** Commits so much in advance, or only what is needed where there is no room for more. */
    private long commit(long committed, long wanted, long needed) {
        long bytes = wanted;
        if (!budget.hasRoom(wanted)) {
            bytes = roundUp(needed, STEP_LEAST);
        }
        budget.take(owner, bytes);
        try {
            Pages.commit(base + committed, bytes);
        } catch (RuntimeException e) {
            budget.giveBack(bytes);
            throw e;
        }
        return bytes;
    }

    /**
     * Has the system give the pages of some slots, which must have room, before anybody writes
     * there: it clears each of them first. Beside a writer, for nothing changes in them.
     */
    public void populate(long first, long end) {
        if (file != null) {
            return;
        }
        for (long at = address(first) & -Pages.LEAST; at < address(end); at += Pages.LEAST) {
            Native.addInt(at, 0);
        }
    }

    /** Lets the system keep a mapped slab's pages, or write them out; they come back when read. */
    public void letGo() {
        long bytes = committedBytes;
        if (file != null && bytes > 0) {
            Pages.letGo(base, bytes);
        }
    }

    @Override
    public synchronized void close() {
        if (file == null) {
            budget.giveBack(committedBytes);
        } else {
            file.close();
        }
        committedBytes = 0;
        NativeRanges.remove(base);
        Pages.release(mapped, mappedBytes);
    }

    private static long roundUp(long value, long multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }
}
