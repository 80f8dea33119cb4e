package io.annexdb.benchmarks.ann.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Memory of a process, as Linux counts it; zero elsewhere.
 *
 * @param anonymousBytes heap, off-heap, code: RssAnon, with RssShmem and HugetlbPages, which Linux
 *     counts apart
 * @param fileBytes pages of mapped files that are in memory
 */
public record ResidentMemory(long anonymousBytes, long fileBytes) {
    static ResidentMemory of(long pid) {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/" + pid + "/status"));
            return new ResidentMemory(
                    bytes(lines, "RssAnon:")
                            + bytes(lines, "RssShmem:")
                            + bytes(lines, "HugetlbPages:"),
                    bytes(lines, "RssFile:"));
        } catch (IOException e) {
            return new ResidentMemory(0, 0);
        }
    }

    private static long bytes(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) << 10)
                .findFirst()
                .orElse(0);
    }
}
