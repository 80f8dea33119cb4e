package io.annexdb.benchmarks.ann;

import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.DoubleFunction;

/** The report as JSON; its form is described in docs/benchmarks.md. */
final class WriteJson {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private WriteJson() {}

    static void run(Report report, Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(
                file,
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(tree(report)) + "\n");
    }

    private static ObjectNode tree(Report report) {
        ObjectNode root = JSON.createObjectNode();
        root.put("dataset", report.dataset().name());
        root.put("description", report.dataset().description());
        root.put("n", report.dataset().rows());
        root.put("dim", report.dataset().dimension());
        root.put("metric", report.dataset().metric());
        root.put("queries", report.dataset().queries());
        plan(root, report.plan());
        machine(root.putObject("machine"), report.machine());
        ArrayNode results = root.putArray("results");
        for (Report.Result result : report.results()) {
            result(results.addObject(), result, report);
        }
        ArrayNode churns = root.putArray("churns");
        report.churns().forEach(churn -> churn(churns.addObject(), churn));
        return root;
    }

    private static void plan(ObjectNode node, BenchPlan plan) {
        node.put("k", plan.k());
        node.put("filter", plan.selectivity());
        node.put("m", plan.m());
        node.put("ef_construction", plan.efConstruction());
        node.put("search_threads", plan.conditions().getFirst().threads());
        node.put("passes", plan.passes());
        node.put("min_millis", plan.minMillis());
        node.put("warm_up_seconds", plan.warmUpSeconds());
    }

    private static void machine(ObjectNode node, Machine machine) {
        node.put("processor", machine.processor());
        node.put("processors", machine.processors());
        node.put("system", machine.system());
        node.put("jvm", machine.jvm());
        node.put("jvm_flags", machine.jvmFlags());
        node.put("load_average", machine.loadAverage());
        node.put("time", machine.time().toString());
    }

    private static void result(ObjectNode node, Report.Result result, Report report) {
        node.put("engine", result.entrant().kind().engineName());
        node.put("name", result.name());
        node.put("search_threads", result.condition().threads());
        node.put("writer_rows_per_second", result.condition().writerRowsPerSecond());
        node.put("churned", result.condition().churned());
        ObjectNode parameters = node.putObject("params");
        result.built().parameters().forEach(parameters::put);
        node.put("build_seconds", result.built().seconds());
        node.put("build_cpu_seconds", result.built().cpuSeconds());
        node.put("build_threads", report.plan().buildThreads());
        node.put("bytes_per_vector", (double) result.built().bytes() / report.dataset().rows());
        node.put("rss_anonymous_bytes_built", result.built().memory().anonymousBytes());
        node.put("rss_file_bytes_built", result.built().memory().fileBytes());
        node.put("rss_anonymous_bytes", result.memory().anonymousBytes());
        node.put("rss_file_bytes", result.memory().fileBytes());
        ArrayNode points = node.putArray("points");
        for (Measured median : result.curve().medians()) {
            point(points.addObject(), median, result.curve());
        }
        Curve curve = result.curve();
        atRecalls(node.putObject("qps_at_recall"), report, at -> curve.atRecall(at, Measured::qps));
        atRecalls(
                node.putObject("cpu_qps_at_recall"),
                report,
                at -> curve.atRecall(at, Measured::cpuQps));
        ratios(node.putObject("qps_ratios"), result, report);
    }

    /** How often this one's queries per second are those of each other result. */
    private static void ratios(ObjectNode node, Report.Result result, Report report) {
        for (Report.Result other : report.results()) {
            if (!other.equals(result)) {
                atRecalls(
                        node.putObject(other.name()),
                        report,
                        at -> result.curve().ratios(other.curve(), at, Measured::qps));
            }
        }
    }

    private static void atRecalls(
            ObjectNode node, Report report, DoubleFunction<Optional<double[]>> values) {
        for (double recall : report.plan().recalls()) {
            values.apply(recall)
                    .ifPresent(each ->
                            spread(node.putObject(Double.toString(recall)), Spread.of(each)));
        }
    }

    private static void churn(ObjectNode node, Report.Churn churn) {
        node.put("name", churn.name());
        node.put("seconds", churn.churned().seconds());
        node.put("replaced", churn.churned().replaced());
        node.put("not_found", churn.churned().notFound());
        node.put("unreachable", churn.churned().unreachable());
        churn.churned().before().forEach(node.putObject("before")::put);
        churn.churned().after().forEach(node.putObject("after")::put);
    }

    private static void point(ObjectNode node, Measured median, Curve curve) {
        Spread qps = curve.spread(median.ef(), Measured::qps);
        node.put("ef", median.ef());
        node.put("recall", median.recall());
        node.put("qps", median.qps());
        node.put("qps_least", qps.least());
        node.put("qps_most", qps.most());
        if (!Double.isNaN(median.cpuQps())) {
            node.put("cpu_qps", median.cpuQps());
        }
        node.put("p50_us", median.p50Micros());
        node.put("p99_us", median.p99Micros());
        node.put("written_per_second", median.writtenPerSecond());
    }

    private static void spread(ObjectNode node, Spread spread) {
        node.put("median", spread.median());
        node.put("least", spread.least());
        node.put("most", spread.most());
    }
}
