package io.annexdb.benchmarks.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The whole command on little data, with real processes. */
class StreamBenchTest {
    @TempDir Path folder;

    @Test
    void everyRowIsSeenAndLinked() throws IOException {
        Path file = folder.resolve("figures.json");
        int exitCode =
                new CommandLine(new StreamBench())
                        .execute(
                                "--dataset=synthetic:5000x32",
                                "--clusters=20",
                                "--intrinsic=12",
                                "--preload=1000",
                                "--seconds=3",
                                "--warm-up=1",
                                "--rate=1000",
                                "--cache=" + folder.resolve("cache"),
                                "--json=" + file);
        assertEquals(0, exitCode);
        JsonNode report = JsonMapper.shared().readTree(Files.readString(file));
        double rate = report.get("rows_per_second").asDouble();
        assertTrue(rate > 300 && rate < 1100, "rows a second: " + rate);
        JsonNode visible = report.get("visible_ms");
        assertTrue(visible.get("rows").asInt() > 0, visible.toString());
        assertEquals(0, visible.get("lost").asInt());
        assertTrue(visible.get("p50").asDouble() <= visible.get("p99").asDouble());
        assertTrue(report.get("searches_beside").get("qps").asDouble() > 0, report.toString());
        assertTrue(report.get("samples").size() >= 1, report.toString());
        try (var left = Files.list(folder.resolve("cache"))) {
            assertEquals(
                    List.of("ann"), left.map(path -> String.valueOf(path.getFileName())).toList());
        }
    }
}
