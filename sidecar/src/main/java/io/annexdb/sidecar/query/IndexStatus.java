package io.annexdb.sidecar.query;

import org.jspecify.annotations.Nullable;

/**
 * One index on this node, all its shards together.
 *
 * @param indexId the catalog's number
 * @param name the index's name; empty while it has no shard here
 * @param shards shards on this node
 * @param readyShards how many of them may answer
 * @param state ready when all may answer, failed when one has failed, else loading
 * @param rows live rows
 * @param skippedRows rows whose vector could not be indexed
 * @param freshRows rows not yet linked into the graph
 * @param tombstones slots of deleted rows
 * @param dimension elements per vector; 0 until the first is seen
 * @param memoryBytes memory of all parts
 * @param fileBytes bytes of its files
 * @param loadedRows rows that the first copy has brought
 * @param expectedRows rows that it is expected to bring
 * @param phase what is being done for it, or its state where nothing is
 * @param rowsPerSecond rows of its tables read per second; 0 when that is not known
 * @param message why it failed, what it waits for, or why rows were skipped; null otherwise
 */
public record IndexStatus(
        long indexId,
        String name,
        int shards,
        int readyShards,
        String state,
        long rows,
        long skippedRows,
        long freshRows,
        long tombstones,
        int dimension,
        long memoryBytes,
        long fileBytes,
        long loadedRows,
        long expectedRows,
        String phase,
        double rowsPerSecond,
        @Nullable String message) {}
