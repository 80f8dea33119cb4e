package io.annexdb.sidecar.command;

import static io.annexdb.sidecar.model.ColumnType.BOOL;
import static io.annexdb.sidecar.model.ColumnType.FLOAT8;
import static io.annexdb.sidecar.model.ColumnType.INT4;
import static io.annexdb.sidecar.model.ColumnType.INT8;
import static io.annexdb.sidecar.model.ColumnType.TEXT;

import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.query.IndexStatus;
import io.annexdb.sidecar.query.NodeStatus;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/** The state as tables for people with psql; the names are those of the SQL views' columns. */
final class StatusTables {
    static final List<Column> INDEX_COLUMNS =
            List.of(
                    new Column("index_id", INT8),
                    new Column("index_name", TEXT),
                    new Column("state", TEXT),
                    new Column("shards", INT4),
                    new Column("ready_shards", INT4),
                    new Column("rows", INT8),
                    new Column("skipped", INT8),
                    new Column("fresh", INT8),
                    new Column("tombstones", INT8),
                    new Column("dimension", INT4),
                    new Column("memory_bytes", INT8),
                    new Column("file_bytes", INT8),
                    new Column("loaded_rows", INT8),
                    new Column("expected_rows", INT8),
                    new Column("phase", TEXT),
                    new Column("rows_per_second", INT8),
                    new Column("message", TEXT));

    static final List<Column> SIDECAR_COLUMNS =
            List.of(
                    new Column("name", TEXT),
                    new Column("version", TEXT),
                    new Column("slot", TEXT),
                    new Column("streaming", BOOL),
                    new Column("applied", TEXT),
                    new Column("durable", TEXT),
                    new Column("flush", TEXT),
                    new Column("lag_bytes", INT8),
                    new Column("lag_seconds", FLOAT8),
                    new Column("retained_bytes", INT8),
                    new Column("safe_bytes", INT8),
                    new Column("wal_status", TEXT),
                    new Column("uptime_s", INT8),
                    new Column("indexes", INT4),
                    new Column("error", TEXT));

    private StatusTables() {}

    static Result indexes(NodeStatus status) {
        return Result.selected(
                INDEX_COLUMNS, status.indexes().stream().map(StatusTables::row).toList());
    }

    static Result sidecar(NodeStatus status) {
        return Result.selected(
                SIDECAR_COLUMNS,
                List.of(
                        row(
                                status.name(),
                                status.version(),
                                status.stream().slot(),
                                status.stream().streaming(),
                                status.applied().toString(),
                                status.durable().toString(),
                                status.stream().flushed().toString(),
                                status.lagBytes(),
                                status.stream().lagSeconds(),
                                status.stream().retention().retainedBytes(),
                                status.stream().retention().safeBytes(),
                                status.stream().retention().walStatus(),
                                status.uptimeSeconds(),
                                status.indexes().size(),
                                status.stream().error())));
    }

    private static List<@Nullable Object> row(IndexStatus index) {
        return row(
                index.indexId(),
                index.name(),
                index.state(),
                index.shards(),
                index.readyShards(),
                index.rows(),
                index.skippedRows(),
                index.freshRows(),
                index.tombstones(),
                index.dimension(),
                index.memoryBytes(),
                index.fileBytes(),
                index.loadedRows(),
                index.expectedRows(),
                index.phase(),
                Math.round(index.rowsPerSecond()),
                index.message());
    }

    private static List<@Nullable Object> row(@Nullable Object... values) {
        return Arrays.asList(values);
    }
}
