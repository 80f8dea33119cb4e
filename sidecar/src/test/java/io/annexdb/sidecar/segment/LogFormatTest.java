package io.annexdb.sidecar.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What was written is read, and of a damaged log nothing behind the last good commit. */
class LogFormatTest {
    private static final long FINGERPRINT = 42;

    @TempDir Path directory;
    private Path path = Path.of("");

    /** Writes down what it is told. */
    private static final class Transcript implements ShardLog {
        final List<String> lines = new ArrayList<>();

        @Override
        public void put(
                RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
            lines.add(
                    "put "
                            + key
                            + " "
                            + namespace
                            + describe(attributes)
                            + Arrays.toString(vector));
        }

        @Override
        public void delete(RowKey key) {
            lines.add("delete " + key);
        }

        @Override
        public void truncate() {
            lines.add("truncate");
        }

        @Override
        public void rekey(
                RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
            lines.add("rekey " + oldKey + " " + newKey + " " + namespace + describe(attributes));
        }

        private static String describe(AttributeRow row) {
            StringBuilder text = new StringBuilder(" [");
            for (int i = 0; i < row.size(); i++) {
                switch (row.state(i)) {
                    case VALUE ->
                            text.append(
                                    row.isBytes(i)
                                            ? Arrays.toString(row.value(i))
                                            : Long.toString(row.number(i)));
                    case NULL, UNCHANGED, UNKNOWN -> text.append(row.state(i));
                }
                text.append(", ");
            }
            return text + "] ";
        }

        @Override
        public void commit(Lsn endLsn) {
            lines.add("commit " + endLsn);
        }

        @Override
        public void loaded(Lsn lsn) {
            lines.add("loaded " + lsn);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "INT8", mode = EnumSource.Mode.EXCLUDE)
    void vectorsOfEveryElementTypeComeBack(ElementType elements) {
        Transcript expected = new Transcript();
        Transcript actual = new Transcript();
        try (LogWriter log = LogWriter.create(path, FINGERPRINT, elements)) {
            for (ShardLog each : List.of(expected, log)) {
                for (int dimension : new int[] {1, 7, 8, 9, 64, 65, 16_000}) {
                    float[] vector = new float[dimension];
                    for (int i = 0; i < dimension; i++) {
                        vector[i] = i % 3 == 0 ? 1 : 0;
                    }
                    each.put(RowKey.of("" + dimension), "tenant", AttributeRow.NONE, vector);
                }
                each.commit(new Lsn(9));
            }
            log.flush();
        }
        try (LogReader reader = LogReader.open(path, FINGERPRINT)) {
            reader.replay(reader.measure().committedBytes(), actual);
        }
        assertEquals(expected.lines, actual.lines);
    }

    @Test
    void rowsAreCountedUnlessSlotsWereNumberedAnew() {
        try (LogWriter log = LogWriter.create(path, FINGERPRINT, ElementType.FLOAT32)) {
            for (int i = 0; i < 5; i++) {
                log.put(RowKey.of("" + i), null, AttributeRow.NONE, new float[] {i});
            }
            log.delete(RowKey.of("3"));
            log.commit(new Lsn(9));
            log.flush();
            assertEquals(5, puts());
            log.truncate();
            log.put(RowKey.of("7"), null, AttributeRow.NONE, new float[] {7});
            log.commit(new Lsn(10));
            log.flush();
            assertEquals(0, puts());
        }
    }

    private int puts() {
        try (LogReader reader = LogReader.open(path, FINGERPRINT)) {
            return reader.measure().puts();
        }
    }

    @BeforeEach
    void write() {
        path = directory.resolve("log");
        try (LogWriter log = LogWriter.create(path, FINGERPRINT, ElementType.FLOAT32)) {
            tell(log);
            log.flush();
        }
    }

    private static void tell(ShardLog log) {
        AttributeRow.Builder row = new AttributeRow.Builder(4);
        row.number(0, -5).value(1, new byte[] {1, 2, 3}).absent(2, AttributeRow.State.NULL);
        log.put(RowKey.of("a", "ü"), "tenant", row.build(), new float[] {1.5f, -2});
        log.put(RowKey.of(""), null, AttributeRow.NONE, new float[] {});
        log.loaded(new Lsn(7));
        log.rekey(RowKey.of("a", "ü"), RowKey.of("b"), "", row.value(3, new byte[0]).build());
        log.truncate();
        log.put(RowKey.of("big"), null, AttributeRow.unknown(1), new float[100_000]);
        log.commit(new Lsn(0xFFFF_FFFF_0000_0001L));
        log.delete(RowKey.of("b"));
    }

    @Test
    void whatWasWrittenIsReadUpToTheLastCommit() {
        Transcript expected = new Transcript();
        tell(expected);
        expected.lines.removeLast();
        assertEquals(expected.lines, read());
    }

    @Test
    void everyCutEndsAtACommit() throws IOException {
        byte[] whole = Files.readAllBytes(path);
        Transcript all = new Transcript();
        tell(all);
        for (int length = LogFormat.HEADER_BYTES;
                length < whole.length;
                length += 1 + length / 50) {
            Files.write(path, Arrays.copyOf(whole, length));
            List<String> lines = read();
            assertEquals(all.lines.subList(0, lines.size()), lines);
            assertTrue(
                    lines.isEmpty()
                            || lines.getLast().startsWith("commit")
                            || lines.getLast().startsWith("loaded"));
        }
    }

    @Test
    void everyFlippedBitEndsTheLogBeforeIt() throws IOException {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] whole = Files.readAllBytes(path);
        Transcript all = new Transcript();
        tell(all);
        for (int i = 0; i < 300; i++) {
            // The first kilobyte has most of the records, the rest is one vector.
            int span = random.nextBoolean() ? 200 : whole.length - LogFormat.HEADER_BYTES;
            byte[] damaged = whole.clone();
            damaged[LogFormat.HEADER_BYTES + random.nextInt(span)] ^=
                    (byte) (1 << random.nextInt(8));
            Files.write(path, damaged);
            List<String> lines = read();
            assertEquals(all.lines.subList(0, lines.size()), lines);
        }
    }

    @Test
    void aFlippedBitInTheHeaderRefusesTheLog() throws IOException {
        byte[] whole = Files.readAllBytes(path);
        for (int at = 0; at < LogFormat.HEADER_BYTES; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 4;
            Files.write(path, damaged);
            AnnexException error = assertThrows(AnnexException.class, this::read);
            assertEquals(ErrorCode.DATA_CORRUPTED, error.code());
        }
    }

    @Test
    void anotherDefinitionRefusesTheLog() {
        AnnexException error =
                assertThrows(AnnexException.class, () -> LogReader.open(path, FINGERPRINT + 1));
        assertTrue(
                String.valueOf(error.getMessage()).contains("another definition"),
                String.valueOf(error.getMessage()));
    }

    private List<String> read() {
        Transcript transcript = new Transcript();
        try (LogReader reader = LogReader.open(path, FINGERPRINT)) {
            LogReader.Extent extent = reader.measure();
            reader.replay(extent.committedBytes(), transcript);
        }
        return transcript.lines;
    }
}
