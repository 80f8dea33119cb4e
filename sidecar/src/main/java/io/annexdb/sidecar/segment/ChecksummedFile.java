package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;

import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A file written or read from its beginning to its end, with checksums in between, each of which
 * covers all before it. Little-endian. Not a channel: an interrupt of the writer would close it.
 */
public final class ChecksummedFile implements AutoCloseable {
    private static final int BLOCK_BYTES = 1 << 20;

    private final RandomAccessFile file;
    private final CRC32C crc = new CRC32C();
    private byte[] block = new byte[0];

    private ChecksummedFile(RandomAccessFile file) {
        this.file = file;
    }

    /** An empty file; what was there goes. */
    public static ChecksummedFile create(Path path) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        file.setLength(0);
        return new ChecksummedFile(file);
    }

    /** A file that is to be read. */
    public static ChecksummedFile open(Path path) throws IOException {
        return new ChecksummedFile(new RandomAccessFile(path.toFile(), "r"));
    }

    /** Room for so many bytes, in the file's byte order. */
    public static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Writes what remains of an array's buffer. */
    public void write(ByteBuffer bytes) throws IOException {
        write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
    }

    /** Writes the checksum of all so far. */
    public void writeChecksum() throws IOException {
        file.writeInt(Integer.reverseBytes((int) crc.getValue()));
    }

    /** Writes the first entries of a slab in blocks, each with a checksum. */
    public void write(Slab slab, long count) throws IOException {
        long end = count * slab.strideBytes();
        byte[] bytes = block((int) Math.min(BLOCK_BYTES, end));
        for (long at = 0; at < end; at += BLOCK_BYTES) {
            int length = (int) Math.min(BLOCK_BYTES, end - at);
            Native.getBytes(slab.base() + at, bytes, 0, length);
            write(bytes, 0, length);
            writeChecksum();
        }
    }

    /** Makes what was written durable. */
    public void force() throws IOException {
        file.getFD().sync();
    }

    /**
     * Reads so many bytes, of which nothing is known before the next {@link #check}.
     *
     * @throws IOException if the file has not so many
     */
    public ByteBuffer read(int bytes) throws IOException {
        requireMore(bytes);
        byte[] read = new byte[bytes];
        file.readFully(read);
        crc.update(read);
        return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Makes sure that so many bytes follow at least, before memory is taken for them.
     *
     * @throws IOException if not
     */
    public void requireMore(long bytes) throws IOException {
        long left = file.length() - file.getFilePointer();
        if (bytes < 0 || bytes > left) {
            throw new EOFException(
                    "the file is cut off: %,d bytes are to follow, %,d do".formatted(bytes, left));
        }
    }

    /**
     * Reads a checksum.
     *
     * @throws IOException if it is not that of all so far
     */
    public void check() throws IOException {
        int checksum = Integer.reverseBytes(file.readInt());
        if (checksum != (int) crc.getValue()) {
            throw new IOException("a checksum before byte " + file.getFilePointer() + " is wrong");
        }
    }

    /** Gets bytes whose checksum was right. */
    public interface Blocks {
        /** The bytes from a place on; a block ends where the next one begins. */
        void take(long at, ByteBuffer bytes) throws IOException;
    }

    /** Reads so many bytes as {@link #write(Slab, long)} wrote them. */
    public void readBlocks(long bytes, Blocks blocks) throws IOException {
        for (long at = 0; at < bytes; at += BLOCK_BYTES) {
            ByteBuffer next = read((int) Math.min(BLOCK_BYTES, bytes - at));
            check();
            blocks.take(at, next);
        }
    }

    /** Reads into the first entries of a slab, which has room for them. */
    public void read(Slab slab, long count) throws IOException {
        long end = count * slab.strideBytes();
        byte[] bytes = block((int) Math.min(BLOCK_BYTES, end));
        for (long at = 0; at < end; at += BLOCK_BYTES) {
            int length = (int) Math.min(BLOCK_BYTES, end - at);
            file.readFully(bytes, 0, length);
            crc.update(bytes, 0, length);
            check();
            Native.putBytes(slab.base() + at, bytes, 0, length);
        }
    }

    /**
     * Makes sure that nothing follows.
     *
     * @throws IOException if the file is longer than what was read
     */
    public void checkEnd() throws IOException {
        if (file.getFilePointer() != file.length()) {
            throw new IOException("the file is longer than " + file.getFilePointer() + " bytes");
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(bytes, offset, length);
        crc.update(bytes, offset, length);
    }

    private byte[] block(int bytes) {
        if (block.length < bytes) {
            block = new byte[bytes];
        }
        return block;
    }
}
