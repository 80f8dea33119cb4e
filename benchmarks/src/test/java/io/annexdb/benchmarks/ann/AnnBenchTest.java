package io.annexdb.benchmarks.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.benchmarks.ann.engine.CompileHnswlib;
import io.annexdb.sidecar.model.AnnexException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.SAXException;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;

/** The whole command on small data, with real processes. */
class AnnBenchTest {
    private static final int ROWS = 2000;

    @TempDir Path folder;

    @Test
    void measuresTheJavaEngines() throws IOException, ParserConfigurationException, SAXException {
        JsonNode report = run("annex,lucene,jvector");
        assertEquals("synthetic-2000x32", report.get("dataset").asString());
        assertEquals(ROWS, report.get("n").asInt());
        assertEquals(32, report.get("dim").asInt());
        assertEquals(List.of("annex", "lucene", "jvector"), engines(report));
        report.get("results").forEach(AnnBenchTest::assertMeasured);
        assertEquals(
                "svg",
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(folder.resolve("plot.svg").toFile())
                        .getDocumentElement()
                        .getTagName());
        assertEquals(List.of("ann"), leftInCache());
    }

    @Test
    void measuresHnswlib() throws IOException {
        assumeTrue(
                CompileHnswlib.missing().isEmpty(),
                () -> "no hnswlib: " + CompileHnswlib.missing().orElse(""));
        JsonNode report = run("hnswlib");
        assertEquals(List.of("hnswlib"), engines(report));
        assertMeasured(report.get("results").get(0));
    }

    @Test
    void refusesWhatMakesNoSense() {
        refuses("faiss");
        refuses("lucene", "--filter", "0");
        refuses("lucene", "--metric", "hamming");
        refuses("lucene", "--dataset", "no-such-file.fvecs");
        refuses("hnswlib", "--filter", "0.5");
    }

    private void refuses(String engines, String... more) {
        List<String> arguments = arguments(engines);
        arguments.addAll(List.of(more));
        AnnexException e = assertThrows(AnnexException.class, () -> execute(arguments));
        assertTrue(e.hint().isPresent(), String.valueOf(e.getMessage()));
    }

    private JsonNode run(String engines) throws IOException {
        assertEquals(0, execute(arguments(engines)));
        return JsonMapper.shared().readTree(Files.readString(folder.resolve("figures.json")));
    }

    /** Throws what the command throws; picocli would print it. */
    private static int execute(List<String> arguments) {
        AtomicReference<@Nullable Exception> thrown = new AtomicReference<>();
        int exitCode =
                new CommandLine(new AnnBench())
                        .setOverwrittenOptionsAllowed(true)
                        .setExecutionExceptionHandler((failure, line, parsed) -> {
                            thrown.set(failure);
                            return 1;
                        })
                        .execute(arguments.toArray(String[]::new));
        if (thrown.get() instanceof RuntimeException failure) {
            throw failure;
        }
        return exitCode;
    }

    private List<String> arguments(String engines) {
        return new ArrayList<>(
                List.of(
                        "--dataset", "synthetic",
                        "--rows", Integer.toString(ROWS),
                        "--dimension", "32",
                        "--clusters", "20",
                        "--intrinsic", "12",
                        "--queries", "100",
                        "--engines", engines,
                        "--ef", "10,100",
                        "--passes", "2",
                        "--min-millis", "10",
                        "--warm-up-seconds", "0",
                        "--cache", folder.resolve("cache").toString(),
                        "--json", folder.resolve("figures.json").toString(),
                        "--svg", folder.resolve("plot.svg").toString()));
    }

    private static List<String> engines(JsonNode report) {
        List<String> names = new ArrayList<>();
        report.get("results").forEach(result -> names.add(result.get("engine").asString()));
        return names;
    }

    private static void assertMeasured(JsonNode result) {
        assertTrue(result.get("build_seconds").asDouble() > 0, result.toString());
        assertTrue(result.get("build_threads").asInt() > 0, result.toString());
        assertTrue(result.get("bytes_per_vector").asDouble() > 32, result.toString());
        assertTrue(result.get("params").size() > 2, result.toString());
        JsonNode points = result.get("points");
        assertEquals(10, points.get(0).get("ef").asInt());
        assertEquals(100, points.get(1).get("ef").asInt());
        assertTrue(points.get(1).get("recall").asDouble() > 0.98, result.toString());
        assertTrue(
                points.get(0).get("recall").asDouble() <= points.get(1).get("recall").asDouble());
        for (JsonNode point : points) {
            double p50 = point.get("p50_us").asDouble();
            assertTrue(point.get("qps").asDouble() > 0, result.toString());
            assertTrue(point.get("cpu_qps").asDouble() > 0, result.toString());
            assertTrue(p50 > 0 && p50 <= point.get("p99_us").asDouble(), result.toString());
        }
    }

    /** The prepared data stays, the engines' files go. */
    private List<String> leftInCache() throws IOException {
        try (var paths = Files.list(folder.resolve("cache"))) {
            return paths.map(path -> String.valueOf(path.getFileName())).sorted().toList();
        }
    }
}
