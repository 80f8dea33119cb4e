package io.annexdb.sidecar.model;

import java.util.List;

/**
 * What came out when a shard's index was compared with its relation.
 *
 * @param relation the relation, schema-qualified and quoted
 * @param position of the table's snapshot; the index was compared as of it
 * @param tableRows rows of the snapshot whose vectors can be indexed
 * @param indexRows rows that the index had when all were compared
 * @param changing rows that were written meanwhile, and so compared one by one as of a later
 *     position
 * @param differenceCount all differences
 * @param differences the first of them
 * @param repaired differences that were repaired
 * @param rebuilding whether there were so many that the index is filled anew instead
 */
public record TableComparison(
        String relation,
        Lsn position,
        long tableRows,
        long indexRows,
        long changing,
        long differenceCount,
        List<RowDifference> differences,
        long repaired,
        boolean rebuilding) {
    public TableComparison {
        differences = List.copyOf(differences);
    }
}
