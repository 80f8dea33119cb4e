package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.ComparisonProgress;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.TableComparison;

import tools.jackson.core.JsonGenerator;

/** A comparison in an answer's column {@code detail}. */
final class RenderComparison {
    private RenderComparison() {}

    static String of(ComparisonProgress progress) {
        return RenderDetail.render(json -> {
            json.writeBooleanProperty("done", progress.done());
            json.writeStringProperty("phase", progress.phase());
            json.writeNumberProperty("rows", progress.rows());
            json.writeNumberProperty("expected_rows", progress.expectedRows());
            RenderDetail.nullable(json, "waits_for", progress.waitsFor());
            json.writeName("shards");
            json.writeStartArray();
            progress.shards().forEach(shard -> shard(json, shard));
            json.writeEndArray();
        });
    }

    private static void shard(JsonGenerator json, TableComparison shard) {
        json.writeStartObject();
        json.writeStringProperty("relation", shard.relation());
        json.writeStringProperty("position", shard.position().toString());
        json.writeNumberProperty("table_rows", shard.tableRows());
        json.writeNumberProperty("index_rows", shard.indexRows());
        json.writeNumberProperty("changing", shard.changing());
        json.writeNumberProperty("different", shard.differenceCount());
        json.writeNumberProperty("repaired", shard.repaired());
        json.writeBooleanProperty("rebuilding", shard.rebuilding());
        json.writeName("differences");
        json.writeStartArray();
        shard.differences().forEach(difference -> difference(json, difference));
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void difference(JsonGenerator json, RowDifference difference) {
        json.writeStartObject();
        json.writeStringProperty("kind", difference.kind().sqlName());
        json.writeName("key");
        json.writeStartArray();
        difference.key().columns().forEach(json::writeString);
        json.writeEndArray();
        json.writeEndObject();
    }
}
