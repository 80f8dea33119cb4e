package io.annexdb.sidecar.model;

/** The types of result columns, with PostgreSQL's numbers for them. */
public enum ColumnType {
    /** A {@link String}. */
    TEXT(25, -1),
    /** An {@link Integer}. */
    INT4(23, 4),
    /** A {@link Long}. */
    INT8(20, 8),
    /** A {@link Double}. */
    FLOAT8(701, 8),
    /** A {@link Boolean}. */
    BOOL(16, 1);

    private final int oid;
    private final int size;

    ColumnType(int oid, int size) {
        this.oid = oid;
        this.size = size;
    }

    /** {@code pg_type.oid}. */
    public int oid() {
        return oid;
    }

    /** {@code pg_type.typlen}: bytes in binary form, −1 when they vary. */
    public int size() {
        return size;
    }
}
