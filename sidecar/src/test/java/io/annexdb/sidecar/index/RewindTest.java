package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** The server has lost its newest changes: the indexes go back to any commit of their logs. */
class RewindTest {
    @TempDir Path directory;

    @Test
    void everyShardIsWhatItWasAtThatPosition() throws Exception {
        IndexSettings settings = IndexSettings.of(directory);
        try (CorruptedShards shards = CorruptedShards.write(directory)) {
            shards.grow(0);
            shards.grow(1);
            shards.closeAndRead();
            for (int back = 0; back < 3; back++) {
                Lsn position = CorruptionTest.lsn(50 - 10 * back);
                try (IndexRegistry registry = IndexRegistry.open(settings)) {
                    for (CorruptedShards.Shard shard : shards.all()) {
                        registry.openOrCreate(shard.definition());
                    }
                    assertEquals(4, registry.rewind(position));
                    assertEquals(position, registry.appliedLsn());
                    assertEquals(position, registry.durableLsn());
                    for (CorruptedShards.Shard shard : shards.all()) {
                        VectorIndex index = registry.openOrCreate(shard.definition());
                        assertEquals(State.READY, index.state());
                        assertEquals(position, index.lsn());
                        shard.assertHistory(index);
                    }
                }
                try (IndexRegistry registry = IndexRegistry.open(settings)) {
                    for (CorruptedShards.Shard shard : shards.all()) {
                        VectorIndex index = registry.openOrCreate(shard.definition());
                        assertEquals(State.READY, index.state(), "also after a restart");
                        shard.assertHistory(index);
                        Fixture.awaitLinked(index);
                    }
                }
            }
        }
    }

    /**
     * Codes and lists have one checkpoint each, which is newer than the position. Rows of another
     * history take the slots that it knows, and must not be found by what was there.
     */
    @Test
    void rowsOfAnotherHistoryTakeTheSlotsOfThoseThatAreGone() throws Exception {
        IndexSettings settings = IndexSettings.of(directory);
        Random random = new Random(5);
        try (CorruptedShards shards = CorruptedShards.write(directory)) {
            shards.grow(0);
            shards.grow(1);
            shards.closeAndRead();
            Lsn position = CorruptionTest.lsn(35);
            try (IndexRegistry registry = IndexRegistry.open(settings)) {
                shards.all().forEach(shard -> registry.openOrCreate(shard.definition()));
                assertEquals(4, registry.rewind(position));
                for (CorruptedShards.Shard shard : shards.all()) {
                    VectorIndex index = registry.openOrCreate(shard.definition());
                    for (int i = 0; i < 400; i++) {
                        index.upsert(Fixture.key(10_000 + i), null, shard.anyVector(random));
                    }
                    index.commit(new Lsn(position.value() + 1));
                    Fixture.awaitLinked(index);
                    assertFindsTheNearest(shard, index, random);
                }
                registry.advanceApplied(new Lsn(position.value() + 1));
                registry.sync();
            }
            try (IndexRegistry registry = IndexRegistry.open(settings)) {
                for (CorruptedShards.Shard shard : shards.all()) {
                    VectorIndex index = registry.openOrCreate(shard.definition());
                    assertEquals(State.READY, index.state());
                    Fixture.awaitLinked(index);
                    assertFindsTheNearest(shard, index, random);
                }
            }
        }
    }

    /** Of the new rows, by codes, graph or lists, as by exact distances. */
    private static void assertFindsTheNearest(
            CorruptedShards.Shard shard, VectorIndex index, Random random) {
        List<RowKey> added = IntStream.range(10_000, 10_400).mapToObj(Fixture::key).toList();
        int found = 0;
        for (int i = 0; i < 50; i++) {
            float[] query = shard.anyVector(random);
            RowKey nearest =
                    index.reads().rank(query, 1, added, Double.POSITIVE_INFINITY).getFirst().key();
            double distance =
                    index.reads()
                            .rank(query, 1, added, Double.POSITIVE_INFINITY)
                            .getFirst()
                            .distance();
            found +=
                    index.reads().search(query, 200, 400, null, distance, () -> false).stream()
                                    .anyMatch(neighbor -> neighbor.key().equals(nearest))
                            ? 1
                            : 0;
        }
        assertTrue(found >= 48, shard.definition().relation() + ": " + found + " of 50");
    }

    @Test
    void aLogThatBeginsLaterIsCompared() throws Exception {
        try (CorruptedShards shards = CorruptedShards.write(directory)) {
            shards.grow(0);
            shards.closeAndRead();
            try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
                CorruptedShards.Shard shard = shards.all().getFirst();
                registry.openOrCreate(shard.definition());
                assertEquals(0, registry.rewind(new Lsn(900)));
                VectorIndex index = registry.openOrCreate(shard.definition());
                assertEquals(State.LOADING, index.state());
                assertTrue(index.draftRows() > 0);
                shard.fill(index);
                shard.assertNewest(index);
            }
        }
    }
}
