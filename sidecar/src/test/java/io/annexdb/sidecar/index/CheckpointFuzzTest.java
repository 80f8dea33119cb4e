package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Checksums;
import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.fuzz.InMemory;
import io.annexdb.sidecar.fuzz.RewrittenFile;
import io.annexdb.sidecar.hnsw.Graph;
import io.annexdb.sidecar.hnsw.GraphFile;
import io.annexdb.sidecar.ivfpq.ListsFile;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.CodesFile;
import io.annexdb.sidecar.segment.Segment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Checkpoints with wrong contents under right checksums, and with any byte changed: taken over, or
 * refused as damaged. Kernels and slabs are checked in tests, so what lies outside of them would
 * show.
 */
class CheckpointFuzzTest {
    private static final int DIMENSION = 16;

    /** Files of some tens of kilobytes are written and read in each round. */
    private static final int DEARNESS = 100;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @TempDir(factory = InMemory.class)
    @SuppressWarnings("NullAway.Init")
    Path memory;

    @Test
    void graphs() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.HNSW, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 600, "graph");
        Checksums checksums = atLeast(3, littleEndian(valid));
        overRows(
                shard,
                segment ->
                        fuzz(
                                "graph files",
                                valid,
                                checksums,
                                64 << 20,
                                file -> readGraph(file, segment)));
    }

    @Test
    void lists() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.IVFPQ, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 12_000, "lists");
        Checksums checksums =
                atLeast(4, new Checksums(valid, ByteOrder.BIG_ENDIAN, Long.BYTES, true));
        Path blocks = file(directory, "blocks-");
        fuzz("list files", valid, checksums, 256 << 20, file -> readLists(file, blocks));
    }

    /** The quantizer lies in the file, too. */
    @ParameterizedTest
    @EnumSource(names = {"SQ8", "RABITQ", "PQ"})
    void codes(Quantization quantization) throws Exception {
        ShardDefinition shard =
                Fixture.shard(Metric.L2, ElementType.FLOAT32, Method.HNSW, quantization, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 1_200, "codes");
        Checksums checksums = atLeast(3, littleEndian(valid));
        overRows(
                shard,
                segment ->
                        fuzz(
                                "code files of " + quantization,
                                valid,
                                checksums,
                                64 << 20,
                                file -> readCodes(file, segment)));
    }

    private static Checksums littleEndian(byte[] valid) {
        return new Checksums(valid, ByteOrder.LITTLE_ENDIAN, Integer.BYTES, false);
    }

    private static Checksums atLeast(int count, Checksums found) {
        assertTrue(found.count() >= count, "checksums found: " + found.count());
        return found;
    }

    /** Does something with rows. */
    private interface OverRows {
        void run(Segment segment) throws IOException;
    }

    /** Does it with the rows of a shard that was written before. */
    private void overRows(ShardDefinition shard, OverRows action) throws IOException {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(shard);
            action.run(Objects.requireNonNull(index.store().rows().generation()).segment);
        }
    }

    /** Reads a file; what cannot be used is an IOException. */
    private interface Reader {
        void read(Path file) throws IOException;
    }

    /** Wrong contents, with checksums that are right, and as they come. */
    private void fuzz(String what, byte[] valid, Checksums checksums, long bytesMost, Reader reader)
            throws IOException {
        try (RewrittenFile file = new RewrittenFile(memory.resolve("mutated"))) {
            Fuzz.of(
                            what + " under checksums",
                            bytes -> read(file, checksums.repair(bytes.clone()), reader),
                            ErrorCode.DATA_CORRUPTED)
                    .allowing(bytesMost, 400)
                    .takingNearlyAll()
                    .run(List.of(valid), DEARNESS);
            Fuzz.of(what, bytes -> read(file, bytes, reader), ErrorCode.DATA_CORRUPTED)
                    .allowing(bytesMost, 400)
                    .run(List.of(valid), DEARNESS);
        }
    }

    private static void read(RewrittenFile file, byte[] bytes, Reader reader) throws IOException {
        file.replace(bytes);
        try {
            reader.read(file.path());
        } catch (IOException e) {
            throw new AnnexException(ErrorCode.DATA_CORRUPTED, String.valueOf(e), null, e);
        }
    }

    private static void readCodes(Path file, Segment segment) throws IOException {
        CodesFile.header(file);
        CodesFile.check(file);
        segment.use(CodesFile.read(segment, new MemoryBudget(1L << 30), file));
    }

    private static void readGraph(Path file, Segment segment) throws IOException {
        try (Graph graph = new Graph(16, segment, new MemoryBudget(1L << 30))) {
            GraphFile.header(file);
            GraphFile.read(graph, segment.slots(), file);
        }
    }

    private static void readLists(Path file, Path blocks) throws IOException {
        ListsFile.header(file);
        ListsFile.Content content =
                ListsFile.read(file, true, true, Metric.L2, DIMENSION, 12_000, number -> blocks);
        if (content.lists() != null) {
            content.lists().gate().close();
        }
    }

    /** Writes a shard with a checkpoint, and returns the bytes of it. */
    private static byte[] checkpoint(Path directory, ShardDefinition shard, int rows, String name)
            throws Exception {
        long seed = Fuzz.seed();
        Random random = new Random(seed);
        IndexSettings settings = IndexSettings.of(directory).withCheckpointRows(rows / 2);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = Fixture.ready(registry, shard);
            for (int id = 0; id < rows; id++) {
                index.upsert(Fixture.key(id), null, Fixture.gaussian(random, DIMENSION, 1));
            }
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
            registry.sync();
        }
        return Files.readAllBytes(file(directory, name));
    }

    private static Path file(Path directory, String beginning) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(path -> path.getFileName().toString().startsWith(beginning))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
