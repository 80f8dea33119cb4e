package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One row of the index catalog, {@code memory.vector_indexes}.
 *
 * @param id the catalog's number; never reused, so a dropped and recreated index is another one
 * @param name unique name
 * @param table the logical table, schema-qualified and quoted as {@code regclass} prints it
 * @param column the vector column
 * @param elements what its vectors consist of
 * @param metric the distance
 * @param method how neighbours are found
 * @param keyColumns the columns of the replica identity, in key order
 * @param namespaceColumn the column whose value is the namespace, if there is one
 * @param dimension number of elements of every vector; 0 until the first vector is seen
 * @param options how it is built
 * @param include columns kept to filter by, in the catalog's order
 */
public record IndexDefinition(
        long id,
        String name,
        String table,
        String column,
        ElementType elements,
        Metric metric,
        Method method,
        List<String> keyColumns,
        @Nullable String namespaceColumn,
        int dimension,
        IndexOptions options,
        List<IncludedColumn> include) {
    private static final int ROW_BYTES = 16;

    public IndexDefinition {
        keyColumns = List.copyOf(keyColumns);
        include = List.copyOf(include);
    }

    /**
     * Native memory that a row takes at least, in bytes: its graph, key and included columns come
     * to it.
     *
     * @param dimension of the vectors, which the definition need not know
     */
    public long bytesPerRowLeast(int dimension) {
        return switch (options.vectors()) {
            case MEMORY -> ROW_BYTES + elements.bytes(dimension);
            case MAPPED -> ROW_BYTES;
        };
    }

    /** One without included columns. */
    public IndexDefinition(
            long id,
            String name,
            String table,
            String column,
            ElementType elements,
            Metric metric,
            Method method,
            List<String> keyColumns,
            @Nullable String namespaceColumn,
            int dimension,
            IndexOptions options) {
        this(
                id,
                name,
                table,
                column,
                elements,
                metric,
                method,
                keyColumns,
                namespaceColumn,
                dimension,
                options,
                List.of());
    }
}
