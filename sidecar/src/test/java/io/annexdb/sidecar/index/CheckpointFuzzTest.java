package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Checksums;
import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.fuzz.WriteFile;
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

    @Test
    void graphs() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.HNSW, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 600, "graph");
        Checksums checksums = new Checksums(valid, ByteOrder.LITTLE_ENDIAN, Integer.BYTES, false);
        assertTrue(checksums.count() >= 3, "checksums found: " + checksums.count());
        Path file = directory.resolve("mutated");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            Segment segment = segment(registry.openOrCreate(shard));
            Fuzz.of(
                            "graphs under checksums",
                            bytes -> readGraph(file, checksums.repair(bytes.clone()), segment),
                            ErrorCode.DATA_CORRUPTED)
                    .allowing(64 << 20, 400)
                    .takingNearlyAll()
                    .run(List.of(valid), DEARNESS);
            Fuzz.of(
                            "graph files",
                            bytes -> readGraph(file, bytes, segment),
                            ErrorCode.DATA_CORRUPTED)
                    .allowing(64 << 20, 400)
                    .run(List.of(valid), DEARNESS);
        }
    }

    @Test
    void lists() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.IVFPQ, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 12_000, "lists");
        Checksums checksums = new Checksums(valid, ByteOrder.BIG_ENDIAN, Long.BYTES, true);
        assertTrue(checksums.count() >= 4, "checksums found: " + checksums.count());
        Path file = directory.resolve("mutated");
        Path blocks = file(directory, "blocks-");
        Fuzz.of(
                        "lists under checksums",
                        bytes -> readLists(file, checksums.repair(bytes.clone()), blocks),
                        ErrorCode.DATA_CORRUPTED)
                .allowing(256 << 20, 400)
                .takingNearlyAll()
                .run(List.of(valid), DEARNESS);
        Fuzz.of("list files", bytes -> readLists(file, bytes, blocks), ErrorCode.DATA_CORRUPTED)
                .allowing(256 << 20, 400)
                .run(List.of(valid), DEARNESS);
    }

    /** The quantizer lies in the file, too. */
    @ParameterizedTest
    @EnumSource(names = {"SQ8", "RABITQ", "PQ"})
    void codes(Quantization quantization) throws Exception {
        ShardDefinition shard =
                Fixture.shard(Metric.L2, ElementType.FLOAT32, Method.HNSW, quantization, DIMENSION);
        byte[] valid = checkpoint(directory, shard, 1_200, "codes");
        Checksums checksums = new Checksums(valid, ByteOrder.LITTLE_ENDIAN, Integer.BYTES, false);
        assertTrue(checksums.count() >= 3, "checksums found: " + checksums.count());
        Path file = directory.resolve("mutated");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            Segment segment = segment(registry.openOrCreate(shard));
            Fuzz.of(
                            "codes " + quantization + " under checksums",
                            bytes -> readCodes(file, checksums.repair(bytes.clone()), segment),
                            ErrorCode.DATA_CORRUPTED)
                    .allowing(64 << 20, 400)
                    .takingNearlyAll()
                    .run(List.of(valid), DEARNESS);
            Fuzz.of(
                            "codes " + quantization,
                            bytes -> readCodes(file, bytes, segment),
                            ErrorCode.DATA_CORRUPTED)
                    .allowing(64 << 20, 400)
                    .run(List.of(valid), DEARNESS);
        }
    }

    /** What cannot be used is an IOException, here one of the declared errors. */
    private static void readCodes(Path file, byte[] bytes, Segment segment) throws IOException {
        WriteFile.inPlace(file, bytes);
        try {
            CodesFile.header(file);
            CodesFile.check(file);
            segment.use(CodesFile.read(segment, new MemoryBudget(1L << 30), file));
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    /** What cannot be used is an IOException, here one of the declared errors. */
    private static void readGraph(Path file, byte[] bytes, Segment segment) throws IOException {
        WriteFile.inPlace(file, bytes);
        try (Graph graph = new Graph(16, segment, new MemoryBudget(1L << 30))) {
            GraphFile.header(file);
            GraphFile.read(graph, segment.slots(), file);
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static void readLists(Path file, byte[] bytes, Path blocks) throws IOException {
        WriteFile.inPlace(file, bytes);
        try {
            ListsFile.header(file);
            ListsFile.Content content =
                    ListsFile.read(
                            file, true, true, Metric.L2, DIMENSION, 12_000, number -> blocks);
            if (content.lists() != null) {
                content.lists().gate().close();
            }
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static AnnexException damaged(IOException cause) {
        return new AnnexException(ErrorCode.DATA_CORRUPTED, String.valueOf(cause), null, cause);
    }

    private static Segment segment(VectorIndex index) {
        return Objects.requireNonNull(index.store().rows().generation()).segment;
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
