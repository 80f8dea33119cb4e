package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.util.Map;

/**
 * What a shard's index looks like at one moment.
 *
 * @param state whether it may answer
 * @param rows live rows, linked or fresh
 * @param skipped rows seen whose vector could not be indexed, counted since the sidecar started: by
 *     the elements of vectors of another dimension, and under 0 those with NaN or infinity, without
 *     elements, or zero under cosine
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
        Map<Integer, Long> skipped,
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
        skipped = Map.copyOf(skipped);
        memoryBytes = Map.copyOf(memoryBytes);
    }

    /** Rows whose vector could not be indexed, for whatever reason. */
    public long rowsSkipped() {
        return skipped.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Memory of all parts together. */
    public long totalMemoryBytes() {
        return memoryBytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
