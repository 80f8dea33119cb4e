package io.annexdb.jdbc;

/** Writes one row's columns, in the order in which the load names them. */
@FunctionalInterface
public interface RowWriter<T> {
    void write(T row, ColumnWriter columns);
}
