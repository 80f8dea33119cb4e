package io.annexdb.benchmarks.stream;

import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The report as JSON. */
final class WriteStreamJson {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private WriteStreamJson() {}

    static void run(StreamReport report, Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(
                file,
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(tree(report)) + "\n");
    }

    private static ObjectNode tree(StreamReport report) {
        ObjectNode root = JSON.createObjectNode();
        root.put("dataset", report.dataset());
        root.put("dim", report.dimension());
        root.put("preloaded_rows", report.plan().preloadedRows());
        root.put("transaction_rows", report.plan().transactionRows());
        root.put("warm_up_seconds", report.plan().warmUpSeconds());
        root.put("asked_rows_per_second", report.plan().rowsPerSecond());
        root.put("rows", report.rows());
        root.put("seconds", report.seconds());
        root.put("rows_per_second", report.rowsPerSecond());
        ObjectNode visible = root.putObject("visible_ms");
        visible.put("p50", report.visible().millis(0.5));
        visible.put("p99", report.visible().millis(0.99));
        visible.put("most", report.visible().millis(1));
        visible.put("rows", report.visible().count());
        visible.put("lost", report.lost());
        searches(root.putObject("searches_alone"), report.alone());
        searches(root.putObject("searches_beside"), report.beside());
        root.put("fresh_most", report.freshMost());
        root.put("fresh_growth_rows_per_second", report.freshGrowth());
        root.put("drain_seconds", report.drainSeconds());
        samples(root.putArray("samples"), report);
        return root;
    }

    private static void searches(ObjectNode node, StreamReport.Searches searches) {
        node.put("qps", searches.perSecond());
        node.put("p50_ms", searches.p50Millis());
        node.put("p99_ms", searches.p99Millis());
    }

    private static void samples(ArrayNode nodes, StreamReport report) {
        for (WatchIndex.Sample sample : report.samples()) {
            ObjectNode node = nodes.addObject();
            node.put("seconds", sample.seconds());
            node.put("committed", sample.committed());
            node.put("indexed", sample.indexed());
            node.put("fresh", sample.fresh());
            node.put("lag_bytes", sample.lagBytes());
            node.put("memory_bytes", sample.memoryBytes());
        }
    }
}
