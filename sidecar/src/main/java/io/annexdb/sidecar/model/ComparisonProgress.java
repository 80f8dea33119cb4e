package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * How far the comparison of an index with its tables is.
 *
 * @param done whether it has ended
 * @param phase what it does now, for people
 * @param rows rows of tables looked at
 * @param expectedRows about how many there are
 * @param waitsFor whose transactions its snapshot waits for; null when for none
 * @param shards those that are compared
 */
public record ComparisonProgress(
        boolean done,
        String phase,
        long rows,
        long expectedRows,
        @Nullable String waitsFor,
        List<TableComparison> shards) {
    public ComparisonProgress {
        shards = List.copyOf(shards);
    }
}
