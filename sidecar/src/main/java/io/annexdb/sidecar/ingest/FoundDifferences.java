package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.RowComparison;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * The differences between an index and its table, with what the table has, as far as there are few
 * enough to repair one by one. For one thread.
 */
final class FoundDifferences {
    /** Beyond so many, or so many vector elements, the index is filled anew. */
    static final int ROWS_MAX = 10_000;

    private static final long ELEMENTS_MAX = 16L << 20;
    private static final int LISTED_MAX = 1_000;

    /** The values are null for a row that the table has not. */
    private record Found(RowDifference difference, @Nullable RowValues values) {}

    private final List<Found> found = new ArrayList<>();
    private long count;
    private long elements;

    /** One more; the values are the table's, null where it has no such row. */
    void add(RowDifference.Kind kind, RowKey key, @Nullable RowValues values) {
        count++;
        elements += values == null ? 0 : values.vector().length;
        if (!areTooMany()) {
            found.add(new Found(new RowDifference(kind, key), values));
        } else if (found.size() > LISTED_MAX) {
            found.subList(LISTED_MAX, found.size()).clear();
        }
    }

    long count() {
        return count;
    }

    boolean areTooMany() {
        return count > ROWS_MAX || elements > ELEMENTS_MAX;
    }

    /** The first of them. */
    List<RowDifference> listed() {
        return found.stream().limit(LISTED_MAX).map(Found::difference).toList();
    }

    /**
     * Gives the index the table's rows, except those that were written since; between two
     * transactions of the stream.
     *
     * @return how many
     */
    long repair(RowComparison comparison, VectorIndex index) {
        List<Found> untouched =
                found.stream()
                        .filter(each -> comparison.isUntouched(each.difference().key()))
                        .toList();
        for (Found each : untouched) {
            RowValues values = each.values();
            if (values == null) {
                index.delete(each.difference().key());
            } else {
                index.upsert(
                        values.key(), values.namespace(), values.attributes(), values.vector());
            }
        }
        index.commit(index.lsn());
        return untouched.size();
    }
}
