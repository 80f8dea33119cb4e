package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** Every flipped bit and every missing log is found, in the file where it is; and nothing else. */
class CheckFilesTest {
    @TempDir Path directory;

    @Test
    void everyDamageIsFoundWhereItIs() throws Exception {
        AnnexException other = assertThrows(AnnexException.class, () -> CheckFiles.run(directory));
        assertTrue(String.valueOf(other.getMessage()).contains("not the data directory"));
        try (Stream<Path> none = Files.list(directory)) {
            assertEquals(0, none.count(), "a check writes nothing");
        }
        Map<String, byte[]> whole;
        try (CorruptedShards shards = CorruptedShards.write(directory)) {
            shards.grow(0);
            shards.grow(1);
            AnnexException held =
                    assertThrows(AnnexException.class, () -> CheckFiles.run(directory));
            assertEquals(ErrorCode.CONFIGURATION, held.code());
            assertTrue(String.valueOf(held.getMessage()).contains("another sidecar"));
            whole = shards.closeAndRead();
        }
        assertEquals(List.of(), bad());
        assertEquals(
                4,
                CheckFiles.run(directory).stream()
                        .filter(each -> each.file().contains("/log-"))
                        .filter(each -> each.verdict() == FileVerdict.Verdict.GOOD)
                        .count());
        long seed = Long.getLong("annex.seed", 20_261_121L);
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int files = 0;
        for (Map.Entry<String, byte[]> file : whole.entrySet()) {
            String name = file.getKey();
            // The lock has no bytes; blocks have theirs checked when they are read.
            if (file.getValue().length == 0 || name.contains("/blocks-")) {
                continue;
            }
            Path path = directory.resolve(name);
            byte[] damaged = file.getValue().clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(path, damaged);
            assertEquals(List.of(name), bad(), "a flipped bit");
            Files.delete(path);
            List<String> missing = bad();
            assertEquals(name.equals("manifest") || name.contains("/log-"), missing.contains(name));
            assertEquals(name.endsWith("/graph"), absent().contains(name), name);
            Files.write(path, file.getValue());
            files++;
        }
        assertTrue(files >= 10, "only " + files + " files");
        assertEquals(List.of(), bad());
    }

    private List<String> absent() {
        return CheckFiles.run(directory).stream()
                .filter(each -> each.verdict() == FileVerdict.Verdict.ABSENT)
                .map(FileVerdict::file)
                .toList();
    }

    private List<String> bad() {
        return CheckFiles.run(directory).stream()
                .filter(FileVerdict::isBad)
                .map(FileVerdict::file)
                .toList();
    }
}
