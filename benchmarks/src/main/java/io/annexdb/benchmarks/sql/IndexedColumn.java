package io.annexdb.benchmarks.sql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What an index is on.
 *
 * @param table as SQL writes it, with its schema
 * @param column as it is called, not quoted
 */
record IndexedColumn(String table, String column) {
    /** Looks it up, and has no later search of the connection answered by exact SQL. */
    static IndexedColumn find(Connection connection, String index) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set annex.fallback = 'error'");
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "select table_name, column_name from memory.vector_indexes"
                                + " where index_name = ?")) {
            statement.setString(1, index);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("there is no such index; see annex.indexes", "42704");
                }
                return new IndexedColumn(row.getString(1), row.getString(2));
            }
        }
    }

    /**
     * SQL for so many queries in a column {@code query}: vectors of the table, changed a little.
     */
    String sampleQueries(int count) {
        String quoted = '"' + column.replace("\"", "\"\"") + '"';
        return "select array(select e * (0.9 + 0.2 * random()) from unnest(%1$s::real[]) e)::real[]"
                        .formatted(quoted)
                + " as query from %s where %s is not null limit %d".formatted(table, quoted, count);
    }
}
