package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Rows of the {@code .fvecs} format of the texmex sets (SIFT, GIST), little-endian, every row with
 * its dimension:
 *
 * <pre>
 * rows x ( int32 dimension | dimension x float32 )
 * </pre>
 */
record FvecsRows(Path file) implements HoldOut.Rows {
    private static final int DIMENSION_MAX = 1 << 20;

    @Override
    public long count() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.size() / rowBytes(channel);
        }
    }

    @Override
    public void read(long from, long to, VectorSink sink) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            readRows(channel, from, to, sink);
        }
    }

    private void readRows(FileChannel channel, long from, long to, VectorSink sink)
            throws IOException {
        int rowBytes = rowBytes(channel);
        int dimension = rowBytes / Float.BYTES - 1;
        int rowsAtOnce = Math.max(1, (1 << 20) / rowBytes);
        ByteBuffer rows = ByteBuffer.allocate(rowsAtOnce * rowBytes).order(ByteOrder.LITTLE_ENDIAN);
        float[] vector = new float[dimension];
        for (long row = from; row < to; row += rowsAtOnce) {
            int count = (int) Math.min(rowsAtOnce, to - row);
            rows.clear().limit(count * rowBytes);
            ReadFully.from(channel, row * rowBytes, rows);
            for (int i = 0; i < count; i++) {
                checkDimension(row + i, rows.getInt(i * rowBytes), dimension);
                rows.slice(i * rowBytes + Integer.BYTES, dimension * Float.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(vector);
                sink.accept(vector);
            }
        }
    }

    private int rowBytes(FileChannel channel) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        ReadFully.from(channel, 0, head);
        int dimension = head.getInt(0);
        long rowBytes = (dimension + 1L) * Float.BYTES;
        if (dimension < 1 || dimension > DIMENSION_MAX || channel.size() % rowBytes != 0) {
            throw corrupted(
                    "%s is not an .fvecs file: its first row says dimension %d, and its %d bytes are no multiple of such rows"
                            .formatted(file, dimension, channel.size()));
        }
        return (int) rowBytes;
    }

    private void checkDimension(long row, int dimension, int expected) {
        if (dimension != expected) {
            throw corrupted(
                    "%s: row %d says dimension %d, the first row %d"
                            .formatted(file, row, dimension, expected));
        }
    }

    private static AnnexException corrupted(String message) {
        return new AnnexException(
                ErrorCode.DATA_CORRUPTED,
                message,
                "Download it again; .bvecs and .ivecs files hold other things under the same"
                        + " head.");
    }
}
