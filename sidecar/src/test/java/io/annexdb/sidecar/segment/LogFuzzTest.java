package io.annexdb.sidecar.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.fuzz.InMemory;
import io.annexdb.sidecar.fuzz.RewrittenFile;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Logs of records whose content is wrong and whose checksums are right, so that the decoder behind
 * the checksums is reached, and whole files with any byte changed. A log is read up to some commit,
 * or refused as damaged.
 */
class LogFuzzTest {
    private static final long FINGERPRINT = 0x1234_5678_9ABC_DEF0L;

    @TempDir(factory = InMemory.class)
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @Test
    void contents() throws Exception {
        List<byte[]> records = records(written());
        try (RewrittenFile file = new RewrittenFile(directory.resolve("contents"))) {
            Fuzz.of(
                            "log records",
                            body -> read(file, framed(records, body)),
                            ErrorCode.DATA_CORRUPTED)
                    .takingNearlyAll()
                    .run(records);
        }
    }

    @Test
    void files() throws Exception {
        try (RewrittenFile file = new RewrittenFile(directory.resolve("files"))) {
            Fuzz.of("log files", bytes -> read(file, bytes), ErrorCode.DATA_CORRUPTED)
                    .takingNearlyAll()
                    .run(List.of(written()));
        }
    }

    private static void read(RewrittenFile file, byte[] bytes) throws IOException {
        file.replace(bytes);
        try (LogReader reader = LogReader.open(file.path(), FINGERPRINT)) {
            LogReader.Extent extent = reader.measure();
            reader.replay(extent.committedBytes(), new Count());
        }
    }

    private byte[] written() throws IOException {
        Path file = directory.resolve("valid");
        try (LogWriter log = LogWriter.create(file, FINGERPRINT, ElementType.FLOAT32)) {
            AttributeRow row =
                    new AttributeRow.Builder(3)
                            .number(0, 7)
                            .value(1, new byte[] {1, 2, 3})
                            .absent(2, AttributeRow.State.NULL)
                            .build();
            log.put(RowKey.of("a", "1"), "space", row, new float[] {1, 2, 3});
            log.put(RowKey.of("b"), null, AttributeRow.NONE, new float[] {1});
            log.rekey(RowKey.of("b"), RowKey.of("c"), "s", row);
            log.commit(Lsn.parse("0/10"));
            log.delete(RowKey.of("c"));
            log.loaded(Lsn.parse("0/20"));
            log.truncate();
            log.commit(Lsn.parse("0/30"));
            log.flush();
        }
        byte[] bytes = Files.readAllBytes(file);
        Count count = new Count();
        try (LogReader reader = LogReader.open(file, FINGERPRINT)) {
            reader.replay(reader.measure().committedBytes(), count);
        }
        assertEquals(8, count.records);
        Files.delete(file);
        return bytes;
    }

    private static List<byte[]> records(byte[] log) {
        ByteBuffer in = ByteBuffer.wrap(log).order(ByteOrder.LITTLE_ENDIAN);
        in.position(LogFormat.HEADER_BYTES);
        List<byte[]> records = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] body = new byte[in.getInt()];
            in.getInt();
            in.get(body);
            records.add(body);
        }
        return records;
    }

    /** The record among good ones, with a commit behind it. */
    private static byte[] framed(List<byte[]> good, byte[] record) {
        List<byte[]> all = List.of(good.getFirst(), record, good.getLast());
        int bytes =
                all.stream().mapToInt(body -> LogFormat.RECORD_HEADER_BYTES + body.length).sum();
        ByteBuffer out =
                ByteBuffer.allocate(LogFormat.HEADER_BYTES + bytes).order(ByteOrder.LITTLE_ENDIAN);
        out.put(LogFormat.header(FINGERPRINT));
        for (byte[] body : all) {
            out.putInt(body.length).putInt(LogFormat.checksum(ByteBuffer.wrap(body))).put(body);
        }
        return out.array();
    }

    /** Counts what a log holds. */
    private static final class Count implements ShardLog {
        private int records;

        @Override
        public void put(
                RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
            records++;
        }

        @Override
        public void delete(RowKey key) {
            records++;
        }

        @Override
        public void truncate() {
            records++;
        }

        @Override
        public void rekey(
                RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
            records++;
        }

        @Override
        public void commit(Lsn endLsn) {
            records++;
        }

        @Override
        public void loaded(Lsn lsn) {
            records++;
        }
    }
}
