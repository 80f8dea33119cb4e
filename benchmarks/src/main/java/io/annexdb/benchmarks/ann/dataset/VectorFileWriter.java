package io.annexdb.benchmarks.ann.dataset;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a {@link VectorFile}. It appears under its name only when {@link #finish} was called, so a
 * run that was stopped half-way leaves nothing that looks complete.
 */
final class VectorFileWriter implements VectorSink, AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path path;
    private final Path unfinished;
    private final FileChannel channel;
    private ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private int rows;
    private int dimension;

    VectorFileWriter(Path path) throws IOException {
        this.path = path;
        this.unfinished = path.resolveSibling(path.getFileName() + ".unfinished");
        this.channel =
                FileChannel.open(
                        unfinished,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
        buffer.putLong(0);
    }

    @Override
    public void accept(float[] vector) throws IOException {
        if (rows == 0) {
            dimension = vector.length;
            buffer = grown(buffer, dimension * Float.BYTES);
        }
        if (vector.length != dimension) {
            throw new IOException(
                    "row %d has dimension %d, those before it %d"
                            .formatted(rows, vector.length, dimension));
        }
        if (buffer.remaining() < dimension * Float.BYTES) {
            flush();
        }
        for (float component : vector) {
            buffer.putFloat(component);
        }
        rows++;
    }

    int rows() {
        return rows;
    }

    void finish() throws IOException {
        flush();
        buffer.putInt(rows).putInt(Math.max(dimension, 1)).flip();
        channel.write(buffer, 0);
        channel.close();
        Files.move(unfinished, path, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(unfinished);
    }

    private void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    private static ByteBuffer grown(ByteBuffer buffer, int rowBytes) {
        if (buffer.remaining() >= rowBytes) {
            return buffer;
        }
        return ByteBuffer.allocate(VectorFile.HEADER_BYTES + rowBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(buffer.flip());
    }
}
