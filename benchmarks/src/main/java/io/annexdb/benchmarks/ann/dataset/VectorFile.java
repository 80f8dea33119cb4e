package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Rows of float32 of one dimension in a mapped file, in the {@code .fbin} format of the big-ann
 * benchmarks, little-endian:
 *
 * <pre>
 * int32 rows | int32 dimension | rows x dimension x float32
 * </pre>
 *
 * <p>Any number of threads may read it.
 */
public final class VectorFile implements AutoCloseable {
    static final int HEADER_BYTES = 8;
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Arena arena;
    private final MemorySegment bytes;
    private final int rows;
    private final int dimension;

    private VectorFile(Path path, Arena arena, MemorySegment bytes, int rows, int dimension) {
        this.path = path;
        this.arena = arena;
        this.bytes = bytes;
        this.rows = rows;
        this.dimension = dimension;
    }

    /**
     * Maps a file.
     *
     * @throws AnnexException {@link ErrorCode#DATA_CORRUPTED} when header and length disagree
     */
    public static VectorFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = channel.size();
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, length, arena);
            int rows = length < HEADER_BYTES ? -1 : bytes.get(INT, 0);
            int dimension = length < HEADER_BYTES ? -1 : bytes.get(INT, Integer.BYTES);
            checkLength(path, length, rows, dimension);
            return new VectorFile(path, arena, bytes, rows, dimension);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public Path path() {
        return path;
    }

    public int rows() {
        return rows;
    }

    public int dimension() {
        return dimension;
    }

    /** Copies one row. */
    public void read(int row, float[] into) {
        MemorySegment.copy(bytes, FLOAT, offset(row), into, 0, dimension);
    }

    /** One row, as a new array. */
    public float[] row(int row) {
        float[] vector = new float[dimension];
        read(row, vector);
        return vector;
    }

    @Override
    public void close() {
        arena.close();
    }

    private long offset(int row) {
        return HEADER_BYTES + (long) row * dimension * Float.BYTES;
    }

    private static void checkLength(Path path, long length, int rows, int dimension) {
        long expected = HEADER_BYTES + (long) rows * dimension * Float.BYTES;
        if (rows < 0 || dimension < 1 || length != expected) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "%s is not an .fbin file: its header says %d rows of dimension %d, which is %d bytes, and it has %d"
                            .formatted(path, rows, dimension, expected, length),
                    "Download it again; the format is int32 rows, int32 dimension, then float32"
                            + " numbers, all little-endian.");
        }
    }
}
