package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What to search for. Immutable; made by {@link #of}.
 *
 * <pre>{@code
 * var request =
 *         SearchRequest.of("docs", "embedding", query, row -> row.getString("title"))
 *                 .k(5)
 *                 .filter("lang = ? AND published > ?", "en", LocalDate.of(2026, 1, 1))
 *                 .build();
 * }</pre>
 *
 * @param <T> what a row becomes
 */
public final class SearchRequest<T> {
    private final Builder<T> parts;
    private final List<float[]> vectors;
    private final @Nullable String filter;

    private SearchRequest(Builder<T> builder) {
        this.parts = builder;
        this.vectors = builder.vectors;
        this.filter = builder.boundFilter;
    }

    /**
     * Begins a request for the nearest rows of a table.
     *
     * @param table table name as SQL writes it: {@code docs}, {@code memory.memory_entries}
     * @param column name of the indexed vector column
     * @param vector query, as many finite components as the column's vectors have; copied
     * @param mapper makes a value of each row
     * @throws NullPointerException with the name of an argument that is null
     */
    public static <T> Builder<T> of(
            String table, String column, float[] vector, RowMapper<T> mapper) {
        return new Builder<>(
                TableName.parse(table),
                Given.nonNull(column, "column"),
                List.of(Given.nonNull(vector, "vector").clone()),
                Given.nonNull(mapper, "mapper"));
    }

    /**
     * Begins a request for the nearest rows to each of several vectors, for {@link
     * AnnexClient#searchBatch}.
     *
     * @param vectors queries, 1 to 1,000 of one length and 500,000 components in all; copied
     * @throws IllegalArgumentException when there is none, or their lengths differ
     */
    public static <T> Builder<T> ofAll(
            String table, String column, List<float[]> vectors, RowMapper<T> mapper) {
        return new Builder<>(
                TableName.parse(table),
                Given.nonNull(column, "column"),
                copies(Given.nonNull(vectors, "vectors")),
                Given.nonNull(mapper, "mapper"));
    }

    private static List<float[]> copies(List<float[]> vectors) {
        if (vectors.isEmpty()) {
            throw new IllegalArgumentException("there is no vector: give at least one");
        }
        for (int i = 0; i < vectors.size(); i++) {
            float @Nullable [] vector = vectors.get(i);
            if (vector == null) {
                throw new IllegalArgumentException("vector " + (i + 1) + " is null");
            }
            if (vector.length != vectors.getFirst().length) {
                throw new IllegalArgumentException(
                        "vector "
                                + (i + 1)
                                + " has "
                                + vector.length
                                + " components, the first one has "
                                + vectors.getFirst().length);
            }
        }
        return vectors.stream().map(float[]::clone).toList();
    }

    TableName table() {
        return parts.table;
    }

    String column() {
        return parts.column;
    }

    List<float[]> vectors() {
        return vectors;
    }

    RowMapper<T> mapper() {
        return parts.mapper;
    }

    int k() {
        return parts.k;
    }

    @Nullable String namespace() {
        return parts.namespace;
    }

    @Nullable String filter() {
        return filter;
    }

    OptionalDouble maxDistance() {
        return parts.maxDistance;
    }

    OptionalInt efSearch() {
        return parts.efSearch;
    }

    @Nullable Consistency consistency() {
        return parts.consistency;
    }

    boolean withVector() {
        return parts.withVector;
    }

    /** Collects the parts of a request; what is not set is left to the server. */
    public static final class Builder<T> {
        private final TableName table;
        private final String column;
        private final List<float[]> vectors;
        private final RowMapper<T> mapper;
        private int k = 10;
        private @Nullable String namespace;
        private @Nullable String boundFilter;
        private OptionalDouble maxDistance = OptionalDouble.empty();
        private OptionalInt efSearch = OptionalInt.empty();
        private @Nullable Consistency consistency;
        private boolean withVector;

        private Builder(
                TableName table, String column, List<float[]> vectors, RowMapper<T> mapper) {
            this.table = table;
            this.column = column;
            this.vectors = vectors;
            this.mapper = mapper;
        }

        private Builder(Builder<T> other) {
            this(other.table, other.column, other.vectors, other.mapper);
            k = other.k;
            namespace = other.namespace;
            boundFilter = other.boundFilter;
            maxDistance = other.maxDistance;
            efSearch = other.efSearch;
            consistency = other.consistency;
            withVector = other.withVector;
        }

        /** How many rows at most, 1 to 10,000 (and 100,000 in a batch); 10 when not set. */
        public Builder<T> k(int rows) {
            k = rows;
            return this;
        }

        /** Only rows of this namespace; on Citus one sidecar answers then instead of all. */
        public Builder<T> namespace(String value) {
            namespace = value;
            return this;
        }

        /**
         * Only rows for which an SQL expression over the table's columns is true. The answer has k
         * rows whenever k rows match.
         *
         * @param expression with {@code ?} for each parameter, {@code ??} for the operator {@code
         *     ?}
         * @param parameters strings, numbers, booleans, UUIDs, {@code java.time} values, bytes, or
         *     collections of these (SQL arrays, as for {@code = ANY(?)})
         * @throws IllegalArgumentException when the number of parameters does not fit, or one has
         *     another type
         */
        public Builder<T> filter(String expression, @Nullable Object... parameters) {
            boundFilter =
                    FilterExpression.bind(Given.nonNull(expression, "expression"), parameters);
            return this;
        }

        /** Only rows at most this far away, in the index's metric. */
        public Builder<T> maxDistance(double distance) {
            maxDistance = OptionalDouble.of(distance);
            return this;
        }

        /** Width of the graph search, from k up to 10,000; higher finds more and takes longer. */
        public Builder<T> efSearch(int width) {
            efSearch = OptionalInt.of(width);
            return this;
        }

        /** How fresh the answer has to be; the connection's setting when not set. */
        public Builder<T> consistency(Consistency value) {
            consistency = value;
            return this;
        }

        /** Fetches the vector column too, which else is NULL: it is most of a row's bytes. */
        public Builder<T> withVector() {
            withVector = true;
            return this;
        }

        public SearchRequest<T> build() {
            return new SearchRequest<>(new Builder<>(this));
        }
    }
}
