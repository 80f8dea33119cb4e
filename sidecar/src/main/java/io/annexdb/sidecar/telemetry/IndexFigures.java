package io.annexdb.sidecar.telemetry;

/**
 * The figures of one index on this node, all its shards together.
 *
 * @param index the index's name
 * @param rows live rows
 * @param freshRows rows not yet linked into the graph
 * @param skippedRows rows whose vector could not be indexed
 * @param tombstones slots of deleted rows
 * @param memoryBytes memory of all parts
 * @param fileBytes bytes of its files
 */
public record IndexFigures(
        String index,
        long rows,
        long freshRows,
        long skippedRows,
        long tombstones,
        long memoryBytes,
        long fileBytes) {}
