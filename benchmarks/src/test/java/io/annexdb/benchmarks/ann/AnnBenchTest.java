package io.annexdb.benchmarks.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.benchmarks.ann.engine.CompileHnswlib;
import io.annexdb.benchmarks.ann.engine.PgvectorServer;
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
    void measuresAnnexUnderOtherConditions() throws IOException {
        JsonNode report =
                run(
                        "annex,annex:flat:none",
                        "--threads",
                        "2,1",
                        "--writer",
                        "500",
                        "--churn",
                        "1",
                        "--recalls",
                        "0.9");
        assertEquals(
                List.of(
                        "annex",
                        "annex 1 thread",
                        "annex + 500 rows/s",
                        "annex:flat:none",
                        "annex:flat:none 1 thread",
                        "annex:flat:none + 500 rows/s",
                        "annex churned",
                        "annex:flat:none churned"),
                texts(report.get("results"), "name"));
        for (JsonNode result : report.get("results")) {
            boolean isExact = result.get("name").asString().startsWith("annex:flat");
            assertEquals(isExact ? 1 : 2, result.get("points").size());
            for (JsonNode point : result.get("points")) {
                double least = isExact ? 0.999 : point.get("ef").asInt() == 10 ? 0.5 : 0.98;
                assertTrue(point.get("recall").asDouble() >= least, result.toString());
                assertEquals(
                        result.get("writer_rows_per_second").asInt() > 0,
                        point.get("written_per_second").asDouble() > 0);
            }
        }
        assertEquals(List.of("annex", "annex:flat:none"), texts(report.get("churns"), "name"));
        for (JsonNode churn : report.get("churns")) {
            assertEquals(ROWS, churn.get("replaced").asInt());
            assertEquals(0, churn.get("unreachable").asInt(), churn.toString());
            assertEquals(ROWS, churn.get("after").get("live rows").asInt());
        }
    }

    @Test
    void measuresPgvectorWithAFilter() throws IOException {
        assumeTrue(
                PgvectorServer.missing().isEmpty(),
                () -> "no pgvector: " + PgvectorServer.missing().orElse(""));
        JsonNode report = run("pgvector", "--filter", "0.2", "--threads", "2");
        assertEquals(List.of("pgvector"), texts(report.get("results"), "engine"));
        JsonNode points = report.get("results").get(0).get("points");
        assertTrue(points.get(1).get("recall").asDouble() > 0.9, points.toString());
        assertTrue(points.get(1).get("qps").asDouble() > 0, points.toString());
    }

    @Test
    void measuresAnnexThroughSqlWithAFilter() throws IOException {
        JsonNode report = run("annex-sql", "--filter", "0.2", "--passes", "1");
        assertEquals(List.of("annex-sql"), engines(report));
        JsonNode points = report.get("results").get(0).get("points");
        assertTrue(points.get(1).get("recall").asDouble() > 0.9, points.toString());
        assertTrue(points.get(1).get("qps").asDouble() > 0, points.toString());
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
        refuses("lucene:flat");
        refuses("annex:flat:none:1");
        refuses("annex", "--threads", "0");
        refuses("annex", "--heap", "5");
        refuses("annex", "--filter", "0.5", "--churn", "1");
    }

    private void refuses(String engines, String... more) {
        List<String> arguments = arguments(engines);
        arguments.addAll(List.of(more));
        AnnexException e = assertThrows(AnnexException.class, () -> execute(arguments));
        assertTrue(e.hint().isPresent(), String.valueOf(e.getMessage()));
    }

    private JsonNode run(String engines, String... more) throws IOException {
        List<String> arguments = arguments(engines);
        arguments.addAll(List.of(more));
        assertEquals(0, execute(arguments));
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
        return texts(report.get("results"), "engine");
    }

    private static List<String> texts(JsonNode nodes, String field) {
        List<String> texts = new ArrayList<>();
        nodes.forEach(node -> texts.add(node.get(field).asString()));
        return texts;
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
