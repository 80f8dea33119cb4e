package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

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
