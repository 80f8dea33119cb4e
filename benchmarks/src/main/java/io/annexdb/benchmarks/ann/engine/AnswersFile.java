package io.annexdb.benchmarks.ann.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a measurement found, as a file between two processes, little-endian:
 *
 * <pre>
 * int32 queries | int32 k | queries x k int32 rows, -1 where there are fewer
 * int32 searches | searches x int32 nanoseconds, at most 2^31 - 1
 * </pre>
 */
final class AnswersFile {
    private AnswersFile() {}

    static void write(Path path, int k, int[][] rows, long[] nanos) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(12 + 4 * (rows.length * k + nanos.length))
                        .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(rows.length).putInt(k);
        for (int[] found : rows) {
            for (int rank = 0; rank < k; rank++) {
                bytes.putInt(rank < found.length ? found[rank] : -1);
            }
        }
        bytes.putInt(nanos.length);
        for (long each : nanos) {
            bytes.putInt((int) Math.min(each, Integer.MAX_VALUE));
        }
        Files.write(path, bytes.array());
    }

    static Answers read(Path path, double seconds, double cpuSeconds, double writtenPerSecond)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        int[][] rows = new int[bytes.getInt()][bytes.getInt()];
        for (int[] found : rows) {
            for (int rank = 0; rank < found.length; rank++) {
                found[rank] = bytes.getInt();
            }
        }
        int[] nanos = new int[bytes.getInt()];
        bytes.asIntBuffer().get(nanos);
        return new Answers(seconds, cpuSeconds, writtenPerSecond, rows, nanos);
    }
}
