package io.annexdb.jdbc;

import java.util.List;
import java.util.function.Consumer;

/**
 * How rows of some type go into a table. Immutable; made by {@link #into}.
 *
 * @param <T> what is written as a row
 */
public final class BulkLoad<T> {
    private final Builder<T> parts;

    private BulkLoad(Builder<T> parts) {
        this.parts = parts;
    }

    /**
     * Begins a load.
     *
     * @param table table name as SQL writes it
     * @param columns the columns that the writer writes, in its order
     * @param writer writes one row
     */
    public static <T> Builder<T> into(String table, List<String> columns, RowWriter<T> writer) {
        return new Builder<>(
                TableName.parse(table),
                List.copyOf(Given.nonNull(columns, "columns")),
                Given.nonNull(writer, "writer"));
    }

    TableName table() {
        return parts.table;
    }

    List<String> columns() {
        return parts.columns;
    }

    RowWriter<T> writer() {
        return parts.writer;
    }

    /** Empty: all rows are new. */
    List<String> keys() {
        return parts.keys;
    }

    int batchRows() {
        return parts.batchRows;
    }

    Consumer<BulkProgress> progress() {
        return parts.progress;
    }

    /** Collects the parts of a load. */
    public static final class Builder<T> {
        private final TableName table;
        private final List<String> columns;
        private final RowWriter<T> writer;
        private List<String> keys = List.of();
        private int batchRows = 10_000;
        private Consumer<BulkProgress> progress = ignored -> {};

        private Builder(TableName table, List<String> columns, RowWriter<T> writer) {
            this.table = table;
            this.columns = columns;
            this.writer = writer;
        }

        private Builder(Builder<T> other) {
            this(other.table, other.columns, other.writer);
            keys = other.keys;
            batchRows = other.batchRows;
            progress = other.progress;
        }

        /**
         * Replaces rows that have the same key. Without a call of this, all rows are taken to be
         * new, which is quicker, and a key that exists is an error with SQLSTATE 23505.
         *
         * @param keyColumns columns of a primary key or unique constraint, all among the load's
         */
        public Builder<T> replaceByKey(String... keyColumns) {
            keys = List.of(keyColumns);
            if (!columns.containsAll(keys)) {
                throw new IllegalArgumentException(
                        "key columns " + keys + " are not all among the load's columns " + columns);
            }
            return this;
        }

        /** Rows of one transaction, 1 and up; 10,000 when not set. */
        public Builder<T> batchRows(int rows) {
            if (rows < 1) {
                throw new IllegalArgumentException("batchRows must be at least 1, not " + rows);
            }
            batchRows = rows;
            return this;
        }

        /** Called on the loading thread after every committed batch. */
        public Builder<T> onProgress(Consumer<BulkProgress> listener) {
            progress = listener;
            return this;
        }

        public BulkLoad<T> build() {
            return new BulkLoad<>(new Builder<>(this));
        }
    }
}
