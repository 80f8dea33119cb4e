package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.util.Map;

/**
 * What a shard's index looks like at one moment.
 *
 * @param state whether it may answer
 * @param rows live rows, linked or fresh
 * @param rowsSkipped rows seen whose vector could not be indexed: wrong dimension, NaN, infinity,
 *     zero under cosine; counted since the sidecar started
 * @param otherDimension elements of the last vector that was skipped for its dimension; 0 if none
 * @param freshRows rows not yet linked into the graph, or not yet encoded, found by exact scan
 * @param tombstones slots of deleted rows, not yet reclaimed
 * @param dimension elements per vector; 0 until the first vector was seen
 * @param memoryBytes memory by part: vectors, keys, namespaces, codes, attributes, graph or lists
 * @param fileBytes bytes of its files
 * @param lsn end of the last transaction applied to it
 * @param loadedRows rows that the first copy has delivered so far
 * @param expectedRows rows that the first copy is expected to deliver
 * @param failure why the state is FAILED; null in every other state
 */
public record ShardStatus(
        State state,
        long rows,
        long rowsSkipped,
        int otherDimension,
        long freshRows,
        long tombstones,
        int dimension,
        Map<String, Long> memoryBytes,
        long fileBytes,
        Lsn lsn,
        long loadedRows,
        long expectedRows,
        @Nullable String failure) {
    public ShardStatus {
        memoryBytes = Map.copyOf(memoryBytes);
    }

    /** Memory of all parts together. */
    public long totalMemoryBytes() {
        return memoryBytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
