package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.filter.ParseFilter;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.IncludedColumn;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;

/**
 * How annex keeps rows out that the benchmark's filter excludes: by a predicate over the included
 * column {@code bucket integer}, or by a namespace for the rows that match. A predicate is parsed
 * once, as the sidecar does it.
 */
final class AnnexFilter {
    private static final String MATCHING = "matching";
    private static final String OTHER = "other";
    private static final IncludedColumn BUCKET = IncludedColumn.of("bucket", "int4", 2);

    private final double selectivity;
    private final boolean byNamespace;
    private final String text;
    private final @Nullable Filter predicate;

    AnnexFilter(BuildRequest request) {
        selectivity = request.selectivity();
        byNamespace = request.filtered() && request.byNamespace();
        text = "bucket < " + RowHash.bucketLimit(selectivity);
        predicate =
                request.filtered() && !byNamespace
                        ? ParseFilter.parse(text, List.of(BUCKET), Set.of(BUCKET.name()), true)
                        : null;
    }

    /** What the report calls it. */
    String description() {
        if (byNamespace) {
            return "namespace";
        }
        return predicate == null ? "none" : text + ", included";
    }

    /** The columns that the index keeps beside the vectors. */
    List<IncludedColumn> included() {
        return predicate == null ? List.of() : List.of(BUCKET);
    }

    /** The namespace column's name; null without one. */
    @Nullable String namespaceColumn() {
        return byNamespace ? "namespace" : null;
    }

    /** A row's namespace. */
    @Nullable String namespace(int row) {
        if (!byNamespace) {
            return null;
        }
        return RowHash.passes(row, selectivity) ? MATCHING : OTHER;
    }

    /** A row's included columns. */
    AttributeRow attributes(int row) {
        return predicate == null
                ? AttributeRow.NONE
                : new AttributeRow.Builder(1).number(0, RowHash.bucket(row)).build();
    }

    /** The namespace that is searched. */
    @Nullable String searchedNamespace() {
        return byNamespace ? MATCHING : null;
    }

    /** The predicate of every search. */
    @Nullable Filter predicate() {
        return predicate;
    }
}
