package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.SlotRetention;
import io.annexdb.sidecar.query.IndexStatus;
import io.annexdb.sidecar.query.NodeStatus;
import io.annexdb.sidecar.query.SearchAnswer;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.StringWriter;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The JSON in an answer's column {@code detail}. */
public final class RenderDetail {
    private static final JsonFactory JSON = new JsonFactory();

    private RenderDetail() {}

    /** How a search went. Nothing in it needs escaping, and this is the hot path. */
    static String of(SearchAnswer answer) {
        return "{\"applied\":\""
                + answer.applied()
                + "\",\"waited_for\":\""
                + answer.waitedFor()
                + "\",\"wait_us\":"
                + answer.waitMicros()
                + ",\"search_us\":"
                + answer.searchMicros()
                + ",\"shards\":"
                + answer.shards()
                + ",\"loaded\":true}";
    }

    /** As of a single search, and the number of rows of each answer. */
    static String ofBatch(SearchAnswer answer) {
        String detail = of(answer);
        return answer.found().stream()
                .map(found -> Integer.toString(found.size()))
                .collect(
                        Collectors.joining(
                                ",",
                                detail.substring(0, detail.length() - 1) + ",\"counts\":[",
                                "]}"));
    }

    static String of(AnnexException error) {
        return render(json -> {
            json.writeStringProperty("sqlstate", error.code().sqlState());
            json.writeStringProperty("message", String.valueOf(error.getMessage()));
            nullable(json, "hint", error.hint().orElse(null));
        });
    }

    /** The whole state, as the status request and the HTTP port give it. */
    public static String of(NodeStatus status) {
        return render(json -> node(json, status));
    }

    /** Whether the sidecar should be asked, and why not. */
    public static String readiness(List<String> obstacles) {
        return render(json -> {
            json.writeBooleanProperty("ready", obstacles.isEmpty());
            json.writeName("reasons");
            json.writeStartArray();
            obstacles.forEach(json::writeString);
            json.writeEndArray();
        });
    }

    private static void node(JsonGenerator json, NodeStatus status) {
        json.writeStringProperty("version", status.version());
        json.writeStringProperty("name", status.name());
        json.writeStringProperty("slot", status.stream().slot());
        json.writeStringProperty("applied", status.applied().toString());
        json.writeStringProperty("durable", status.durable().toString());
        json.writeStringProperty("flush", status.stream().flushed().toString());
        json.writeNumberProperty("lag_bytes", status.lagBytes());
        json.writeNumberProperty("lag_seconds", status.stream().lagSeconds());
        SlotRetention retention = status.stream().retention();
        json.writeNumberProperty("retained_bytes", retention.retainedBytes());
        json.writeNumberProperty("safe_bytes", retention.safeBytes());
        json.writeNumberProperty("keep_bytes_max", retention.limitBytes());
        json.writeStringProperty("wal_status", retention.walStatus());
        json.writeBooleanProperty("streaming", status.stream().streaming());
        json.writeNumberProperty("uptime_s", status.uptimeSeconds());
        nullable(json, "error", status.stream().error());
        json.writeName("indexes");
        json.writeStartArray();
        for (IndexStatus index : status.indexes()) {
            json.writeStartObject();
            index(json, index);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void index(JsonGenerator json, IndexStatus index) {
        json.writeNumberProperty("index", index.indexId());
        json.writeStringProperty("name", index.name());
        json.writeNumberProperty("shards", index.shards());
        json.writeNumberProperty("ready_shards", index.readyShards());
        json.writeStringProperty("state", index.state());
        json.writeNumberProperty("rows", index.rows());
        json.writeNumberProperty("skipped", index.skippedRows());
        json.writeNumberProperty("fresh", index.freshRows());
        json.writeNumberProperty("tombstones", index.tombstones());
        json.writeNumberProperty("dimension", index.dimension());
        json.writeNumberProperty("memory_bytes", index.memoryBytes());
        json.writeNumberProperty("file_bytes", index.fileBytes());
        json.writeNumberProperty("loaded_rows", index.loadedRows());
        json.writeNumberProperty("expected_rows", index.expectedRows());
        json.writeStringProperty("phase", index.phase());
        json.writeNumberProperty("rows_per_second", Math.round(index.rowsPerSecond()));
        nullable(json, "message", index.message());
    }

    static String render(Consumer<JsonGenerator> content) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            content.accept(json);
            json.writeEndObject();
        }
        return text.toString();
    }

    static void nullable(JsonGenerator json, String name, @Nullable String value) {
        if (value == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, value);
        }
    }
}
