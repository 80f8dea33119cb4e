package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.TimelineHistory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A killed sidecar: the files are copied while it writes, some of them are damaged, and a second
 * one starts on the copy. It has whole transactions, all that was acknowledged, or it says that the
 * index is to be built again.
 */
class RestartTest {
    private static final int DIMENSION = 8;
    private static final ShardDefinition SHARD = Fixture.shard(Metric.L2, Method.HNSW, DIMENSION);

    @TempDir Path directory;

    /** Transaction i sets rows 0 to 9 to vectors whose elements are all i. */
    private static void transaction(VectorIndex index, IndexRegistry registry, int i) {
        float[] vector = new float[DIMENSION];
        Arrays.fill(vector, i);
        for (int row = 0; row < 10; row++) {
            index.upsert(Fixture.key(row), "n" + i % 3, vector);
        }
        index.commit(lsn(i));
        registry.advanceApplied(lsn(i));
    }

    private static Lsn lsn(int i) {
        return new Lsn(1_000 + i * 10L);
    }

    /** The transaction whose rows are there, which must be the one that the position says. */
    private static int transactionOf(VectorIndex index) {
        int i = (int) ((index.lsn().value() - 1_000) / 10);
        float[] query = new float[DIMENSION];
        Arrays.fill(query, i);
        Fixture.search(index, query, 20, 20)
                .forEach(neighbor -> assertEquals(0.0, neighbor.distance(), "of transaction " + i));
        assertEquals(i > 0 ? 10 : 0, index.status().rows());
        return i;
    }

    @Test
    void aKilledSidecarHasWholeTransactionsAndAllThatWasAcknowledged() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (IndexRegistry registry =
                IndexRegistry.open(IndexSettings.of(directory.resolve("a")))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            int acknowledged = 0;
            for (int i = 1; i <= 90; i++) { // too few tombstones for a compaction
                transaction(index, registry, i);
                if (random.nextInt(8) == 0) {
                    assertEquals(lsn(i), registry.sync());
                    acknowledged = i;
                }
                if (random.nextInt(5) == 0) {
                    Path copy = copy(directory.resolve("a"), "copy" + i);
                    damageBehind(copy, acknowledged, random);
                    try (IndexRegistry second = IndexRegistry.open(IndexSettings.of(copy))) {
                        VectorIndex recovered = second.openOrCreate(SHARD);
                        if (acknowledged > 0) {
                            assertEquals(State.READY, recovered.state());
                            assertEquals(lsn(acknowledged), second.durableLsn());
                            int there = transactionOf(recovered);
                            assertTrue(there >= acknowledged && there <= i);
                            transaction(recovered, second, i + 1);
                        }
                    }
                }
            }
        }
    }

    /** Cuts the log, or flips a bit, behind what the manifest says is durable. */
    private static void damageBehind(Path copy, int acknowledged, Random random)
            throws IOException {
        Manifest manifest = Manifest.read(copy.resolve("manifest")).orElseThrow();
        Manifest.DurableLog durable = manifest.logs().values().iterator().next();
        Path log = copy.resolve(SHARD.key().toString()).resolve("log-" + durable.number());
        byte[] bytes = Files.readAllBytes(log);
        int tail = (int) (bytes.length - durable.bytes());
        assertTrue(tail >= 0, "acknowledged " + acknowledged + " but the log is shorter");
        if (tail == 0) {
            return;
        }
        int at = (int) durable.bytes() + random.nextInt(tail);
        switch (random.nextInt(3)) {
            case 0 -> bytes = Arrays.copyOf(bytes, at);
            case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            default -> {}
        }
        Files.write(log, bytes);
    }

    /** The node's position goes on without it, and so would the slot's. */
    @Test
    void anIndexThatIsToBeCopiedIsNotVouchedFor() throws Exception {
        ShardDefinition shard = Fixture.shard(Metric.L2, Method.HNSW, 0);
        Path files = directory.resolve("a");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(files))) {
            VectorIndex index = Fixture.ready(registry, shard);
            put(index, 1, 3);
            put(index, 2, 4);
            index.delete(Fixture.key(1));
            acknowledge(registry, index, 1);
            assertThrows(
                    AnnexException.class, () -> Fixture.search(index, new float[] {1, 1}, 1, 10));
            assertEquals(State.LOADING, index.state());
            put(index, 3, 3);
            acknowledge(registry, index, 2);
            try (IndexRegistry second =
                    IndexRegistry.open(IndexSettings.of(copy(files, "killed")))) {
                assertEquals(lsn(2), second.durableLsn());
                assertEquals(State.LOADING, second.openOrCreate(shard).state());
            }
        }
    }

    private static void put(VectorIndex index, int key, int dimension) {
        float[] vector = new float[dimension];
        Arrays.fill(vector, key);
        index.upsert(Fixture.key(key), null, vector);
    }

    private static void acknowledge(IndexRegistry registry, VectorIndex index, int i) {
        index.commit(lsn(i));
        registry.advanceApplied(lsn(i));
        assertEquals(lsn(i), registry.sync());
    }

    @ParameterizedTest
    @ValueSource(strings = {"magic", "version", "acknowledged", "cut", "missing", "manifest"})
    void whatCannotBeTrustedIsBuiltAgain(String damage) throws Exception {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            for (int i = 1; i <= 20; i++) {
                transaction(index, registry, i);
            }
        }
        Path log = log();
        byte[] bytes = Files.readAllBytes(log);
        switch (damage) {
            case "magic" -> bytes[0]++;
            case "version" -> bytes[8]++;
            case "acknowledged" -> bytes[bytes.length / 2] ^= 1;
            case "cut" -> bytes = Arrays.copyOf(bytes, bytes.length - 1);
            case "missing" -> Files.delete(log);
            case "manifest" -> {
                Path manifest = directory.resolve("manifest");
                Files.writeString(manifest, Files.readString(manifest).replace("lsn 0/", "lsn 1/"));
            }
            default -> throw new AssertionError(damage);
        }
        if (!damage.equals("missing")) {
            Files.write(log, bytes);
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(SHARD);
            assertEquals(State.LOADING, index.state());
            assertEquals(0, index.status().rows());
            AnnexException error =
                    assertThrows(
                            AnnexException.class,
                            () -> Fixture.search(index, new float[DIMENSION], 1, 1));
            assertEquals(ErrorCode.NOT_SERVABLE, error.code());
        }
    }

    @Test
    void anUnfinishedFirstCopyAndAFailedIndexAreBuiltAgain() {
        ShardDefinition other =
                new ShardDefinition(SHARD.index(), SHARD.relationOid() + 1, "public.other");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex loading = registry.openOrCreate(SHARD);
            loading.beginLoad(new Lsn(10), 100);
            loading.load(Fixture.key(1), null, new float[DIMENSION]);
            VectorIndex failed = Fixture.ready(registry, other);
            failed.fail("for the test");
            assertTrue(String.valueOf(failed.status().failure()).contains("for the test"));
            registry.advanceApplied(new Lsn(500));
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            assertEquals(2, registry.onDisk().size());
            assertEquals(State.LOADING, registry.openOrCreate(SHARD).state());
            assertEquals(State.LOADING, registry.openOrCreate(other).state());
        }
    }

    /** An update of other columns brings a short vector along; the graph must not churn for it. */
    @Test
    void anUpdateThatBringsTheSameVectorKeepsItsPlace() throws Exception {
        float[][] vectors = Fixture.clustered(new Random(5), 200, DIMENSION, 10);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(Fixture.key(i), "old", vectors[i]);
            }
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(Fixture.key(i), "new", vectors[i]);
                index.update(
                        Fixture.key(i),
                        Fixture.key(-i - 1),
                        "newer",
                        AttributeRow.NONE,
                        vectors[i]);
            }
            assertEquals(0, index.status().tombstones());
            index.update(Fixture.key(-1), Fixture.key(-1), "newer", AttributeRow.NONE, vectors[7]);
            assertEquals(1, index.status().tombstones());
            index.commit(new Lsn(200));
            registry.advanceApplied(new Lsn(200));
            registry.sync();
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(SHARD);
            assertEquals(State.READY, index.state());
            assertEquals(200, index.status().rows());
            List<Neighbor> found =
                    index.reads()
                            .search(vectors[3], 1, 100, "newer", Double.MAX_VALUE, () -> false);
            assertEquals(Fixture.key(-4), found.getFirst().key());
            assertEquals(
                    List.of(),
                    index.reads().search(vectors[3], 1, 100, "old", Double.MAX_VALUE, () -> false));
        }
    }

    /** A transaction had ended in a shard, and not in all, when it was made durable. */
    @Test
    void aShardThatIsAheadOfThePositionIsKnown() {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            transaction(index, registry, 1);
            index.delete(Fixture.key(0));
            index.commit(lsn(2));
            registry.sync();
        }
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            registry.openOrCreate(SHARD);
            assertEquals(lsn(1), registry.appliedLsn());
            assertEquals(lsn(2), registry.furthestLsn());
            registry.rewind(lsn(1));
            assertEquals(lsn(1), registry.furthestLsn());
        }
    }

    @Test
    void aDamagedGraphIsLinkedAgain() throws Exception {
        Random random = new Random(3);
        float[][] vectors = Fixture.clustered(random, 2_000, DIMENSION, 10);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, SHARD);
            for (int i = 0; i < vectors.length; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
            }
            index.commit(new Lsn(200));
            Fixture.awaitLinked(index);
        }
        Path graph = directory.resolve(SHARD.key().toString()).resolve("graph");
        byte[] bytes = Files.readAllBytes(graph);
        bytes[bytes.length / 2] ^= 1;
        Files.write(graph, bytes);
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = registry.openOrCreate(SHARD);
            assertEquals(vectors.length, index.status().rows());
            Fixture.awaitLinked(index);
            for (int i = 0; i < 50; i++) {
                assertEquals(
                        Fixture.key(i), Fixture.search(index, vectors[i], 1, 50).getFirst().key());
            }
        }
    }

    @Test
    void anotherDefinitionIsBuiltAgainAndAnotherProcessIsRefused() {
        IndexSettings settings = IndexSettings.of(directory);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            Fixture.ready(registry, SHARD);
            assertThrows(Exception.class, () -> IndexRegistry.open(settings));
            ShardDefinition changed = Fixture.shard(Metric.COSINE, Method.HNSW, DIMENSION);
            assertEquals(State.LOADING, registry.openOrCreate(changed).state());
        }
    }

    @Test
    void identityAndPositionsAreKeptUntilTheReset() {
        NodeIdentity identity =
                new NodeIdentity(
                        new ServerIdentity(
                                "7301234567890123456",
                                4,
                                16_384,
                                TimelineHistory.parseText("1@0/50,2@0/5000000,3")),
                        "annex_main");
        IndexSettings settings = IndexSettings.of(directory);
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            assertTrue(registry.identity().isEmpty());
            registry.identify(identity);
            Fixture.ready(registry, SHARD);
            registry.advanceApplied(new Lsn(0xFFFF_0000_0000L));
        }
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            assertEquals(identity, registry.identity().orElseThrow());
            assertEquals(new Lsn(0xFFFF_0000_0000L), registry.durableLsn());
            assertEquals(new Lsn(0xFFFF_0000_0000L), registry.openOrCreate(SHARD).lsn());
            registry.reset();
            assertEquals(Lsn.ZERO, registry.durableLsn());
            assertEquals(Lsn.ZERO, registry.appliedLsn());
            assertTrue(registry.onDisk().isEmpty());
            assertFalse(registry.identity().isPresent());
            assertEquals(State.LOADING, registry.openOrCreate(SHARD).state());
        }
    }

    private Path log() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(SHARD.key().toString()))) {
            List<Path> logs =
                    files.filter(file -> file.getFileName().toString().startsWith("log-")).toList();
            assertEquals(1, logs.size());
            return logs.getFirst();
        }
    }

    private Path copy(Path source, String name) throws IOException {
        Path target = directory.resolve(name);
        // The manifest first: what it says is durable was so before.
        try (Stream<Path> files = Files.walk(source)) {
            Comparator<Path> manifestFirst =
                    Comparator.comparing(file -> !file.endsWith("manifest"));
            for (Path file : files.sorted(manifestFirst.thenComparing(Path::compareTo)).toList()) {
                Path to = target.resolve(source.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Path parent = to.getParent();
                    if (parent != null) {
                        Files.createDirectories(parent);
                    }
                    Files.copy(file, to);
                }
            }
        }
        return target;
    }
}
