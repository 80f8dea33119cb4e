package io.annexdb.sidecar.index;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.fuzz.InMemory;
import io.annexdb.sidecar.fuzz.RewrittenFile;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.model.TimelineHistory;
import io.annexdb.sidecar.segment.LogPosition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Manifests with wrong lines under a right checksum, and with any byte changed: read or refused.
 */
class ManifestFuzzTest {
    @TempDir(factory = InMemory.class)
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @Test
    void lines() throws IOException {
        try (RewrittenFile file = new RewrittenFile(directory.resolve("manifest"))) {
            Fuzz.of("manifest lines", bytes -> read(file, summed(bytes)), ErrorCode.DATA_CORRUPTED)
                    .allowing(1 << 20, 400)
                    .run(List.of(withoutSum(written())));
        }
    }

    @Test
    void files() throws IOException {
        try (RewrittenFile file = new RewrittenFile(directory.resolve("manifest"))) {
            Fuzz.of("manifest files", bytes -> read(file, bytes), ErrorCode.DATA_CORRUPTED)
                    .allowing(1 << 20, 400)
                    .run(List.of(written()));
        }
    }

    /** What cannot be used is an IOException, here one of the declared errors. */
    private static void read(RewrittenFile file, byte[] bytes) throws IOException {
        file.replace(bytes);
        try {
            Manifest.read(file.path());
        } catch (IOException e) {
            throw new AnnexException(ErrorCode.DATA_CORRUPTED, String.valueOf(e), null, e);
        }
    }

    private byte[] written() throws IOException {
        Path file = directory.resolve("valid");
        ShardKey first = new ShardKey(7, 16_402);
        ShardKey second = new ShardKey(8, 16_403);
        LogPosition position = new LogPosition(123_456, 0x9F0E_1D2C_3B4A_5968L);
        new Manifest(
                        Lsn.parse("0/16B3748"),
                        new NodeIdentity(
                                new ServerIdentity(
                                        "7301234567890123456",
                                        4,
                                        16_384,
                                        TimelineHistory.parseText("1@0/50,2@0/5000000,3")),
                                "annex_main"),
                        "16500 742 1;16402 16501 742 1",
                        Map.of(
                                first,
                                new Manifest.DurableLog(3, position),
                                second,
                                new Manifest.DurableLog(4, position)),
                        Map.of(first, 16_410L))
                .write(file);
        return Files.readAllBytes(file);
    }

    private static byte[] withoutSum(byte[] manifest) {
        String text = new String(manifest, StandardCharsets.UTF_8);
        return text.substring(0, text.indexOf("crc32c")).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] summed(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        byte[] last = "crc32c %08x\n".formatted(crc.getValue()).getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(content, content.length + last.length);
        System.arraycopy(last, 0, all, content.length, last.length);
        return all;
    }
}
