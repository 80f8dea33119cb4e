package io.annexdb.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;

/** Makes a value of the row that the result set stands on. */
@FunctionalInterface
public interface RowMapper<T> {
    /**
     * Reads columns by name; must not move the result set.
     *
     * @param row has all columns of the searched table; the vector column is NULL unless the
     *     request asked for it by {@link SearchRequest.Builder#withVector}
     */
    T map(ResultSet row) throws SQLException;
}
