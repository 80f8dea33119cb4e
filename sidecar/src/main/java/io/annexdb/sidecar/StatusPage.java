package io.annexdb.sidecar;

import io.annexdb.sidecar.query.IndexStatus;
import io.annexdb.sidecar.query.NodeStatus;

import java.util.List;
import java.util.Objects;

/** The state as one small HTML page that reloads itself. */
final class StatusPage {
    private static final String HEAD =
            """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Annex sidecar</title><style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 70rem }
            table { border-collapse: collapse; margin: 1rem 0 }
            th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #ddd }
            td.n { text-align: right; font-variant-numeric: tabular-nums }
            .bad { color: #b00020 } .good { color: #0a7d32 }
            </style></head><body>
            """;

    private StatusPage() {}

    static String of(NodeStatus status) {
        StringBuilder page = new StringBuilder(HEAD);
        page.append("<h1>Annex sidecar ").append(escaped(status.name())).append("</h1>\n");
        List<String> obstacles = status.obstacles();
        if (obstacles.isEmpty()) {
            page.append("<p class=\"good\">ready</p>\n");
        }
        obstacles.forEach(
                each -> page.append("<p class=\"bad\">").append(escaped(each)).append("</p>\n"));
        page.append("<table>\n");
        fact(page, "version", status.version());
        fact(page, "slot", status.stream().slot());
        fact(page, "streaming", status.stream().streaming());
        fact(page, "applied", status.applied());
        fact(page, "durable", status.durable());
        fact(page, "primary's flush position", status.stream().flushed());
        fact(page, "lag in bytes", status.lagBytes());
        fact(page, "uptime in seconds", status.uptimeSeconds());
        page.append("</table>\n<table>\n<tr><th>index<th>state<th>shards<th>rows<th>fresh")
                .append("<th>skipped<th>tombstones<th>dimension<th>memory MB<th>files MB</tr>\n");
        status.indexes().forEach(index -> row(page, index));
        return page.append("</table>\n<p><a href=\"/metrics\">metrics</a> ")
                .append("<a href=\"/ready\">ready</a> <a href=\"/status\">status</a></p>\n")
                .append("</body></html>\n")
                .toString();
    }

    private static void row(StringBuilder page, IndexStatus index) {
        page.append("<tr><td>").append(escaped(index.name()));
        page.append("<td>").append(escaped(index.state()));
        number(page, index.shards());
        number(page, index.rows());
        number(page, index.freshRows());
        number(page, index.skippedRows());
        number(page, index.tombstones());
        number(page, index.dimension());
        number(page, index.memoryBytes() >> 20);
        number(page, index.fileBytes() >> 20);
        page.append("</tr>\n");
    }

    private static void fact(StringBuilder page, String name, Object value) {
        page.append("<tr><th>").append(name).append("<td>");
        page.append(escaped(Objects.toString(value))).append("</tr>\n");
    }

    private static void number(StringBuilder page, long value) {
        page.append("<td class=\"n\">").append(value);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
