package io.annexdb.benchmarks.text;

import org.jspecify.annotations.Nullable;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Vectors by id in one file, which grows at its end. All numbers are big-endian:
 *
 * <pre>
 * header  8 bytes "ANNEXEMB" | int32 version = 1 | int32 dimension | int32 n | n bytes of source name
 * record  int64 id | dimension x float32 | int32 CRC-32C of the bytes before it
 * </pre>
 *
 * <p>A file with another header is replaced; a record cut short or damaged ends the file, and what
 * follows is computed again. One process at a time has the file, others wait.
 */
public final class EmbeddingCache implements AutoCloseable {
    private static final byte[] MAGIC = "ANNEXEMB".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;

    private final FileChannel file;
    private final int dimension;
    private final Map<Long, float[]> vectors = new HashMap<>();

    private EmbeddingCache(FileChannel file, int dimension) {
        this.file = file;
        this.dimension = dimension;
    }

    /**
     * Opens or creates a cache file, and reads it.
     *
     * @param source what the vectors were made of and by; vectors of another source are dropped
     * @param dimension components of a vector
     */
    public static EmbeddingCache open(Path path, String source, int dimension) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        FileChannel file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try {
            file.lock();
            EmbeddingCache cache = new EmbeddingCache(file, dimension);
            cache.load(header(source, dimension));
            return cache;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The vector of an id; not a copy. */
    public float @Nullable [] get(long id) {
        return vectors.get(id);
    }

    /** Vectors at hand. */
    public int size() {
        return vectors.size();
    }

    /** Keeps vectors, in memory and in the file. */
    public void putAll(Map<Long, float[]> additions) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(additions.size(), recordBytes()));
        for (Map.Entry<Long, float[]> addition : additions.entrySet()) {
            encode(addition.getKey(), addition.getValue(), bytes);
            vectors.put(addition.getKey(), addition.getValue());
        }
        writeFully(bytes.flip());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void load(byte[] header) throws IOException {
        InputStream buffered = new BufferedInputStream(Channels.newInputStream(file), 1 << 20);
        DataInputStream in = new DataInputStream(buffered);
        long end = 0;
        if (Arrays.equals(in.readNBytes(header.length), header)) {
            end = header.length;
            byte[] record = in.readNBytes(recordBytes());
            while (record.length == recordBytes() && decode(ByteBuffer.wrap(record))) {
                end += record.length;
                record = in.readNBytes(recordBytes());
            }
        }
        file.truncate(end);
        file.position(end);
        if (end == 0) {
            writeFully(ByteBuffer.wrap(header));
        }
    }

    private static byte[] header(String source, int dimension) {
        byte[] name = source.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(MAGIC.length + 12 + name.length)
                .put(MAGIC)
                .putInt(VERSION)
                .putInt(dimension)
                .putInt(name.length)
                .put(name)
                .array();
    }

    private int recordBytes() {
        return Long.BYTES + dimension * Float.BYTES + Integer.BYTES;
    }

    private void encode(long id, float[] vector, ByteBuffer out) {
        if (vector.length != dimension) {
            throw new IllegalArgumentException(
                    "expected "
                            + dimension
                            + " components for id "
                            + id
                            + ", not "
                            + vector.length);
        }
        int start = out.position();
        out.putLong(id);
        for (float component : vector) {
            out.putFloat(component);
        }
        out.putInt(checksum(out.slice(start, out.position() - start)));
    }

    /** False when the checksum does not fit. */
    private boolean decode(ByteBuffer record) {
        int body = record.capacity() - Integer.BYTES;
        if (record.getInt(body) != checksum(record.slice(0, body))) {
            return false;
        }
        long id = record.getLong();
        float[] vector = new float[dimension];
        record.asFloatBuffer().get(vector);
        vectors.put(id, vector);
        return true;
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }
}
