package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

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
    private record Found(
            RowDifference difference, @Nullable RowValues values, Predicate<RowKey> untouched) {}

    private final List<Found> found = new ArrayList<>();
    private long count;
    private long elements;

    /**
     * One more.
     *
     * @param values the table's, null where it has no such row
     * @param untouched whether nobody has written the row since the table had these
     */
    void add(
            RowDifference.Kind kind,
            RowKey key,
            @Nullable RowValues values,
            Predicate<RowKey> untouched) {
        count++;
        elements += values == null ? 0 : values.vector().length;
        found.add(new Found(new RowDifference(kind, key), values, untouched));
        limit();
    }

    private void limit() {
        if (areTooMany() && found.size() > LISTED_MAX) {
            found.subList(LISTED_MAX, found.size()).clear();
        }
    }

    /** Those that were found elsewhere, too. */
    void addAll(FoundDifferences others) {
        count += others.count;
        elements += others.elements;
        found.addAll(others.found);
        limit();
    }

    /** Of these rows nothing is known any more. */
    void forget(Collection<RowKey> keys) {
        Set<RowKey> unknown = Set.copyOf(keys);
        int before = found.size();
        found.removeIf(each -> unknown.contains(each.difference().key()));
        count -= before - found.size();
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
    long repair(VectorIndex index) {
        List<Found> untouched =
                found.stream()
                        .filter(each -> each.untouched().test(each.difference().key()))
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
