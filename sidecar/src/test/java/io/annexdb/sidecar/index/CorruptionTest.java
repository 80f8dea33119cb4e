package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * One file of a stopped sidecar is damaged at random, and the sidecar starts again. Every shard
 * then equals what its log said at the position that it states, or says that it must be filled from
 * its table; and after that it equals the table, also when it is opened once more.
 *
 * <p>{@code -Dannex.corruptions=10000} for the long run, {@code -Dannex.seed} to repeat one.
 */
class CorruptionTest {
    private static final int CORRUPTIONS = Integer.getInteger("annex.corruptions", 200);
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);
    private static final String MANIFEST = "manifest";

    private enum Damage {
        FLIP,
        CUT,
        ZERO,
        SWAP,
        OLDER,
        DELETE
    }

    @TempDir Path directory;

    /** Older states of the directory, the newest last. */
    private final List<Map<String, byte[]>> older = new ArrayList<>();

    @Test
    @Timeout(3_600)
    void aDamagedFileCostsRowsNeverTheTruth() throws Exception {
        System.out.printf("seed %d, %d corruptions%n", SEED, CORRUPTIONS);
        try (CorruptedShards shards = CorruptedShards.write(directory.resolve("whole"))) {
            for (int state = 0; state < 3; state++) {
                shards.grow(state);
                older.add(read(directory.resolve("whole")));
            }
            Map<String, byte[]> whole = shards.closeAndRead();
            Map<Damage, Integer> drafts = new EnumMap<>(Damage.class);
            for (int i = 0; i < CORRUPTIONS; i++) {
                Random random = new Random(SEED + i);
                Map<String, byte[]> files = new TreeMap<>(whole);
                List<String> names =
                        files.keySet().stream().filter(name -> !name.equals("lock")).toList();
                String name = names.get(random.nextInt(names.size()));
                Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
                damage(files, names, name, damage, random);
                String what = "seed " + (SEED + i) + ": " + damage + " of " + name;
                Path copy = directory.resolve("copy" + i);
                write(files, copy);
                try {
                    boolean same = Arrays.equals(files.get(name), whole.get(name));
                    if (judge(shards, copy, name, same, random)) {
                        drafts.merge(damage, 1, Integer::sum);
                    }
                } catch (Exception | AssertionError e) {
                    throw new AssertionError(what, e);
                }
                delete(copy);
            }
            System.out.println("shards compared with their table, by damage: " + drafts);
            assertTrue(
                    CORRUPTIONS < 100 || drafts.size() == Damage.values().length,
                    () -> "some damage never mattered: " + drafts);
        }
    }

    private void damage(
            Map<String, byte[]> files,
            List<String> names,
            String name,
            Damage damage,
            Random random) {
        byte[] bytes = files.getOrDefault(name, new byte[0]).clone();
        switch (damage) {
            case FLIP -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case CUT -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case ZERO -> {
                int from = random.nextInt(bytes.length);
                int to = from + 1 + random.nextInt(Math.min(4096, bytes.length - from));
                Arrays.fill(bytes, from, to, (byte) 0);
            }
            case SWAP -> {
                String base = name.substring(name.indexOf('/') + 1);
                List<String> others =
                        names.stream()
                                .filter(other -> !other.equals(name) && other.endsWith("/" + base))
                                .toList();
                List<String> any = others.isEmpty() ? names : others;
                String other = any.get(random.nextInt(any.size()));
                bytes = files.getOrDefault(other, new byte[0]);
                if (!others.isEmpty()) {
                    files.put(other, files.getOrDefault(name, new byte[0]));
                }
            }
            case OLDER -> {
                byte[] before = older.get(random.nextInt(older.size())).get(name);
                bytes = before == null ? bytes : before;
            }
            case DELETE -> {}
        }
        if (damage == Damage.DELETE) {
            files.remove(name);
        } else {
            files.put(name, bytes);
        }
    }

    /** Returns whether a shard had to be compared with its table. */
    private static boolean judge(
            CorruptedShards shards, Path copy, String name, boolean isUndamaged, Random random) {
        boolean isOther = !name.equals(MANIFEST) && !name.contains("/log-");
        boolean anyDraft = false;
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(copy))) {
            for (CorruptedShards.Shard shard : shards.all()) {
                VectorIndex index = registry.openOrCreate(shard.definition());
                if (index.state() == State.READY) {
                    shard.assertHistory(index);
                } else {
                    assertTrue(!isUndamaged && !isOther, "a derived file took rows along");
                    AnnexException refused =
                            assertThrows(
                                    AnnexException.class,
                                    () -> Fixture.search(index, shard.anyVector(random), 1, 1));
                    assertEquals(ErrorCode.NOT_SERVABLE, refused.code());
                    anyDraft = true;
                    if (name.equals(MANIFEST)) {
                        assertTrue(index.draftRows() > 0, "what was intact is lost");
                    }
                    shard.fill(index);
                    shard.assertNewest(index);
                }
                assertFinds(shard, index, random);
            }
            registry.advanceApplied(shards.newest());
        }
        if (anyDraft) {
            try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(copy))) {
                for (CorruptedShards.Shard shard : shards.all()) {
                    VectorIndex index = registry.openOrCreate(shard.definition());
                    assertEquals(State.READY, index.state(), "filled, closed and opened again");
                    shard.assertHistory(index);
                }
            }
        }
        return anyDraft;
    }

    /** Every answer is a row, with its distance; and a row finds itself, whatever was lost. */
    private static void assertFinds(CorruptedShards.Shard shard, VectorIndex index, Random random) {
        int found = 0;
        for (int i = 0; i < 10; i++) {
            Map.Entry<RowKey, CorruptedShards.Row> row = shard.anyRow(index, random);
            List<Neighbor> nearest = Fixture.search(index, row.getValue().vector(), 5, 100);
            assertEquals(5, nearest.size());
            for (Neighbor each : nearest) {
                CorruptedShards.Row answered = shard.row(index, each.key());
                double exact =
                        Fixture.distance(
                                shard.definition().index().metric(),
                                row.getValue().vector(),
                                answered.vector());
                assertEquals(exact, each.distance(), 1e-5);
            }
            found += nearest.getFirst().distance() < 1e-5 ? 1 : 0;
        }
        int least = shard.definition().index().method() == Method.IVFPQ ? 8 : 9;
        assertTrue(found >= least, found + " of 10 rows found themselves");
    }

    static Map<String, byte[]> read(Path root) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (var paths = Files.walk(root)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(path).toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private static void write(Map<String, byte[]> files, Path root) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = root.resolve(file.getKey());
            Path parent = path.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.write(path, file.getValue());
        }
    }

    private static void delete(Path root) throws IOException {
        try (var paths = Files.walk(root)) {
            for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** The position of the newest transaction of all shards. */
    static Lsn lsn(int transaction) {
        return new Lsn(1_000 + transaction * 10L);
    }
}
