package io.annexdb.sidecar.model;

/** A row in which an index and its table disagree. */
public record RowDifference(Kind kind, RowKey key) {
    /** How they disagree. */
    public enum Kind {
        /** The table has the row, the index has not. */
        MISSING("missing"),
        /** The index has a row that the table has not, or whose vector it may not have. */
        EXTRA("extra"),
        /** Another vector. */
        OTHER_VECTOR("other vector"),
        /** The same vector, but another namespace or other included columns. */
        OTHER_COLUMNS("other columns");

        private final String sqlName;

        Kind(String sqlName) {
            this.sqlName = sqlName;
        }

        public String sqlName() {
            return sqlName;
        }
    }
}
