package io.annexdb.sidecar.memory;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Address space from the operating system: reserved without access, committed as it is needed, so
 * that a slab grows without moving and a limit of the container is an error at commit. The C
 * library's mmap family, called through the foreign function interface; Linux and macOS.
 */
final class Pages {
    /** Committed ranges begin and end on multiples of this, in bytes; also that of huge pages. */
    static final long HUGE = 2L << 20;

    /** No system has smaller ones. */
    static final long LEAST = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(Pages.class);
    private static final boolean MAC =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");

    private static final int PROT_NONE = 0;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = MAC ? 0x1000 : 0x20;
    private static final int MAP_NORESERVE = MAC ? 0x40 : 0x4000;
    private static final int MADV_RANDOM = 1;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP =
            call(
                    "mmap",
                    FunctionDescriptor.of(
                            ValueLayout.ADDRESS,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG));
    private static final FunctionDescriptor ON_RANGE =
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT);
    private static final MethodHandle MPROTECT = call("mprotect", ON_RANGE);
    private static final MethodHandle MADVISE = call("madvise", ON_RANGE);
    private static final MethodHandle MUNMAP =
            call(
                    "munmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

    private static volatile boolean hugePagesRefused = MAC;

    private Pages() {}

    /** Reserves address space that nobody may touch yet. Returns its address. */
    static long reserve(long bytes) {
        try {
            MemorySegment address =
                    (MemorySegment)
                            MMAP.invokeExact(
                                    MemorySegment.NULL,
                                    bytes,
                                    PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                    -1,
                                    0L);
            if (address.address() == -1) {
                throw refused("reserve", bytes);
            }
            return address.address();
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Makes part of a reserved range readable and writable; its bytes are zero. */
    static void commit(long address, long bytes) {
        if (onRange(MPROTECT, address, bytes, PROT_READ_WRITE) != 0) {
            throw refused("commit", bytes);
        }
    }

    /** Puts part of a file, which has that room, into a reserved range. */
    static void commitFile(long address, long bytes, int descriptor, long offset) {
        try {
            MemorySegment mapped =
                    (MemorySegment)
                            MMAP.invokeExact(
                                    MemorySegment.ofAddress(address),
                                    bytes,
                                    PROT_READ_WRITE,
                                    MAP_SHARED | MAP_FIXED,
                                    descriptor,
                                    offset);
            if (mapped.address() != address) {
                throw refused("map", bytes);
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
        // Rows are read one here, one there: reading ahead would only push others out.
        onRange(MADVISE, address, bytes, MADV_RANDOM);
    }

    /** Gives the pages of a mapped file back to the system's cache; what is in them stays. */
    static void letGo(long address, long bytes) {
        if (onRange(MADVISE, address, bytes, MADV_DONTNEED) != 0) {
            LOG.warn("could not give {} bytes back to the system's cache", bytes);
        }
    }

    /** Asks for huge pages; where they are refused, says so once and goes on without. */
    static void adviseHuge(long address, long bytes) {
        if (!hugePagesRefused && onRange(MADVISE, address, bytes, MADV_HUGEPAGE) != 0) {
            hugePagesRefused = true;
            LOG.info("no huge pages: the kernel refuses madvise; large indexes are slower");
        }
    }

    static void release(long address, long bytes) {
        try {
            int result = (int) MUNMAP.invokeExact(MemorySegment.ofAddress(address), bytes);
            if (result != 0) {
                LOG.warn("could not unmap {} bytes", bytes);
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    private static int onRange(MethodHandle call, long address, long bytes, int argument) {
        try {
            return (int) call.invokeExact(MemorySegment.ofAddress(address), bytes, argument);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static MethodHandle call(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    private static AnnexException refused(String what, long bytes) {
        return new AnnexException(
                ErrorCode.OUT_OF_RESOURCES,
                "the operating system refused to %s %,d bytes of memory".formatted(what, bytes),
                "Give the machine or container more memory, or lower the sidecar's limit.");
    }

    static RuntimeException rethrow(Throwable e) {
        if (e instanceof RuntimeException unchecked) {
            return unchecked;
        }
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(e);
    }
}
