package io.annexdb.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

class EmbeddingCacheTest {
    private static final float[] FIRST = {1.5f, -0.0f, Float.MIN_VALUE};
    private static final float[] SECOND = {3, 4, 5};

    @TempDir private Path folder = Path.of("");

    @Test
    void growsAndIsReadAgain() throws IOException {
        put("model", Map.of(7L, FIRST));
        put("model", Map.of(8L, SECOND));
        try (EmbeddingCache cache = open("model")) {
            assertEquals(2, cache.size());
            assertArrayEquals(FIRST, cache.get(7));
            assertArrayEquals(SECOND, cache.get(8));
            assertNull(cache.get(9));
        }
    }

    @Test
    void vectorsOfAnotherSourceAreDropped() throws IOException {
        put("model", Map.of(7L, FIRST));
        try (EmbeddingCache cache = open("model-2")) {
            assertEquals(0, cache.size());
            cache.putAll(Map.of(8L, SECOND));
        }
        try (EmbeddingCache cache = open("model-2")) {
            assertArrayEquals(SECOND, cache.get(8));
        }
    }

    @Test
    void anEndThatWasCutOffIsComputedAgain() throws IOException {
        put("model", Map.of(7L, FIRST));
        put("model", Map.of(8L, SECOND));
        long whole = Files.size(file());
        for (long cut = 1; cut < 24; cut++) {
            try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
                channel.truncate(whole - cut);
            }
            try (EmbeddingCache cache = open("model")) {
                assertEquals(1, cache.size(), "cut " + cut);
                cache.putAll(Map.of(8L, SECOND));
            }
            assertEquals(whole, Files.size(file()), "cut " + cut);
        }
    }

    @Test
    void everyDamagedByteIsNoticed() throws IOException {
        put("model", Map.of(7L, FIRST));
        byte[] sound = Files.readAllBytes(file());
        for (int i = 0; i < sound.length; i++) {
            byte[] damaged = sound.clone();
            damaged[i] ^= 0x10;
            Files.write(file(), damaged);
            try (EmbeddingCache cache = open("model")) {
                assertEquals(0, cache.size(), "byte " + i);
            }
        }
    }

    @Test
    void aVectorOfAnotherDimensionIsRefused() throws IOException {
        try (EmbeddingCache cache = open("model")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> cache.putAll(Map.of(1L, new float[] {1})));
        }
    }

    private void put(String source, Map<Long, float[]> vectors) throws IOException {
        try (EmbeddingCache cache = open(source)) {
            cache.putAll(vectors);
        }
    }

    private EmbeddingCache open(String source) throws IOException {
        return EmbeddingCache.open(file(), source, 3);
    }

    private Path file() {
        return folder.resolve("new").resolve("cache");
    }
}
