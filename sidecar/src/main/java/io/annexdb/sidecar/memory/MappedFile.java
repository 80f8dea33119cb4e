package io.annexdb.sidecar.memory;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A file that is read and written as memory, in equal chunks, each mapped where the system likes.
 * It grows by writing zeros through the channel before they are mapped, so that a full disk is an
 * error here and not a signal at some later store. The pages belong to the system's cache and count
 * for no budget. Growing is guarded; closing is for a {@link ReaderGate}.
 */
public final class MappedFile implements AutoCloseable {
    private static final int ZEROS_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private final int chunkBytes;
    private final Arena arena = Arena.ofShared();
    private volatile MemorySegment[] chunks = new MemorySegment[0];

    private MappedFile(Path path, FileChannel channel, int chunkBytes) {
        this.path = path;
        this.channel = channel;
        this.chunkBytes = chunkBytes;
    }

    /**
     * An empty file; what was there goes.
     *
     * @param chunkBytes bytes by which it grows; nothing lies across a chunk's end
     */
    public static MappedFile create(Path path, int chunkBytes) throws IOException {
        return new MappedFile(
                path,
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE),
                chunkBytes);
    }

    /** A file that is there; a chunk that is not whole at its end is cut off. */
    public static MappedFile open(Path path, int chunkBytes) throws IOException {
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        MappedFile file = new MappedFile(path, channel, chunkBytes);
        try {
            for (long at = 0; at + chunkBytes <= channel.size(); at += chunkBytes) {
                file.map(at);
            }
            channel.truncate((long) file.chunks.length * chunkBytes);
            return file;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    public Path path() {
        return path;
    }

    public int chunks() {
        return chunks.length;
    }

    public long bytes() {
        return (long) chunks.length * chunkBytes;
    }

    /** Where a chunk begins in memory. */
    public long address(int chunk) {
        return chunks[chunk].address();
    }

    /** The bytes of a chunk's part. */
    public ByteBuffer view(int chunk, int offset, int bytes) {
        return chunks[chunk].asSlice(offset, bytes).asByteBuffer();
    }

    /**
     * Makes room for so many chunks; new ones are zero.
     *
     * @throws AnnexException OUT_OF_RESOURCES when the disk is full
     */
    public synchronized void ensure(int count) {
        try {
            while (chunks.length < count) {
                long at = bytes();
                for (long end = at + chunkBytes; at < end; ) {
                    int length = (int) Math.min(ZEROS_BYTES, end - at);
                    at += channel.write(ByteBuffer.allocate(length), at);
                }
                map(bytes());
            }
        } catch (IOException e) {
            throw new AnnexException(
                    ErrorCode.OUT_OF_RESOURCES,
                    "could not make %s %,d bytes longer than %,d: %s"
                            .formatted(path, chunkBytes, bytes(), e.getMessage()),
                    "Check free space, health and permissions of the data directory.",
                    e);
        }
    }

    private void map(long at) throws IOException {
        MemorySegment chunk = channel.map(FileChannel.MapMode.READ_WRITE, at, chunkBytes, arena);
        MemorySegment[] more = Arrays.copyOf(chunks, chunks.length + 1);
        more[chunks.length] = chunk;
        chunks = more;
    }

    /** Writes what has changed to the disk. */
    public void force() throws IOException {
        for (MemorySegment chunk : chunks) {
            chunk.force();
        }
        channel.force(true);
        if (Files.exists(path)) {
            SyncedCopy.fileSynced(path);
        }
    }

    /** Unmaps; the file stays. */
    @Override
    public void close() {
        arena.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
