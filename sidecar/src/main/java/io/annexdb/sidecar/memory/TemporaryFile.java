package io.annexdb.sidecar.memory;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A file without a name: it has its place on the disk of a directory, and goes with the process,
 * however that ends. Room is taken from the disk before it is mapped, so that a full disk is an
 * error and not a signal at some later store. Linux.
 */
final class TemporaryFile implements AutoCloseable {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MKSTEMP =
            call("mkstemp", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    private static final MethodHandle UNLINK =
            call("unlink", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    private static final MethodHandle CLOSE =
            call("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle ALLOCATE =
            call(
                    "posix_fallocate",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG));

    /** mkstemp wants six X at the end and writes characters of its own over them. */
    private static final String TEMPLATE = ".vectors-" + "X".repeat(6);

    private final Path directory;
    private final int descriptor;

    /** Creates an empty file on the disk of a directory. */
    TemporaryFile(Path directory) {
        this.directory = directory;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(directory.resolve(TEMPLATE).toString());
            descriptor = (int) MKSTEMP.invokeExact(name);
            if (descriptor < 0) {
                throw refused("create a file in " + directory, "permissions");
            }
            int unlinked = (int) UNLINK.invokeExact(name);
            if (unlinked != 0) {
                throw refused("unlink a file in " + directory, "permissions");
            }
        } catch (Throwable e) {
            throw Pages.rethrow(e);
        }
    }

    /**
     * Takes room on the disk; it reads as zeros.
     *
     * @throws AnnexException OUT_OF_RESOURCES when the disk is full
     */
    void allocate(long offset, long bytes) {
        try {
            int error = (int) ALLOCATE.invokeExact(descriptor, offset, bytes);
            if (error != 0) {
                throw refused(
                        "make the file of vectors in %s %,d bytes longer than %,d (error %d)"
                                .formatted(directory, bytes, offset, error),
                        "free space");
            }
        } catch (Throwable e) {
            throw Pages.rethrow(e);
        }
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        try {
            int ignored = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable e) {
            throw Pages.rethrow(e);
        }
    }

    private static MethodHandle call(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    private static AnnexException refused(String what, String check) {
        return new AnnexException(
                ErrorCode.OUT_OF_RESOURCES,
                "could not " + what,
                "Check " + check + " of the data directory.");
    }
}
