package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** An index to create. Immutable; made by {@link #on}. */
public final class IndexSpec {
    private final Builder parts;

    private IndexSpec(Builder parts) {
        this.parts = parts;
    }

    /**
     * Begins an index on a column.
     *
     * @param table table name as SQL writes it; the table needs a primary key, or another replica
     *     identity
     * @param column name of the vector column: {@code real[]}, or pgvector's {@code vector} or
     *     {@code halfvec}
     */
    public static Builder on(String table, String column) {
        return new Builder(TableName.parse(table), Given.nonNull(column, "column"));
    }

    TableName table() {
        return parts.table;
    }

    String column() {
        return parts.column;
    }

    @Nullable String name() {
        return parts.name;
    }

    Metric metric() {
        return parts.metric;
    }

    Method method() {
        return parts.method;
    }

    @Nullable String namespaceColumn() {
        return parts.namespaceColumn;
    }

    /** As a JSON object of numbers. */
    String optionsJson() {
        return parts.options.entrySet().stream()
                .map(option -> "\"" + option.getKey() + "\": " + option.getValue())
                .collect(Collectors.joining(", ", "{", "}"));
    }

    /** Collects the parts of an index; what is not set is left to the server. */
    public static final class Builder {
        private final TableName table;
        private final String column;
        private final Map<String, Integer> options = new LinkedHashMap<>();
        private @Nullable String name;
        private Metric metric = Metric.COSINE;
        private Method method = Method.AUTO;
        private @Nullable String namespaceColumn;

        private Builder(TableName table, String column) {
            this.table = table;
            this.column = column;
        }

        private Builder(Builder other) {
            this(other.table, other.column);
            options.putAll(other.options);
            name = other.name;
            metric = other.metric;
            method = other.method;
            namespaceColumn = other.namespaceColumn;
        }

        /** Name of the index, unique in the database; table and column joined when not set. */
        public Builder name(String value) {
            name = value;
            return this;
        }

        /** How distance is measured; cosine when not set. */
        public Builder metric(Metric value) {
            metric = value;
            return this;
        }

        /** The structure behind the index; chosen by the server when not set. */
        public Builder method(Method value) {
            method = value;
            return this;
        }

        /** Column whose values searches name as their namespace. */
        public Builder namespaceColumn(String value) {
            namespaceColumn = value;
            return this;
        }

        /**
         * Links of a graph node, 4 to 100: more give better recall and need more memory. With ivfpq
         * the segments of a code, 1 to the dimension.
         */
        public Builder m(int links) {
            options.put("m", links);
            return this;
        }

        /** Candidates looked at when a node is linked, up to 10,000: more build better, slower. */
        public Builder efConstruction(int candidates) {
            options.put("ef_construction", candidates);
            return this;
        }

        /** With ivfpq the number of lists; chosen by the number of rows when not set. */
        public Builder lists(int lists) {
            options.put("nlist", lists);
            return this;
        }

        /** With ivfpq the lists that a search looks into; by number and candidates when not set. */
        public Builder probes(int probes) {
            options.put("nprobe", probes);
            return this;
        }

        public IndexSpec build() {
            return new IndexSpec(new Builder(this));
        }
    }
}
