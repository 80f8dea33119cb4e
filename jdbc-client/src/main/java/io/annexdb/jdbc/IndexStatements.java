package io.annexdb.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** The calls of {@code annex.create_index} and {@code annex.drop_index}. */
final class IndexStatements {
    private IndexStatements() {}

    static String create(Connection connection, IndexSpec spec) throws SQLException {
        String sql =
                """
                SELECT annex.create_index(?::regclass, ?::name, name => ?, metric => ?, method => ?,
                    namespace_column => ?::name, options => ?::jsonb)\
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, spec.table().sql());
            statement.setString(2, spec.column());
            statement.setString(3, spec.name());
            statement.setString(4, spec.metric().sqlName());
            statement.setString(5, spec.method().sqlName());
            statement.setString(6, spec.namespaceColumn());
            statement.setString(7, spec.optionsJson());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    static void drop(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT annex.drop_index(?)")) {
            statement.setString(1, name);
            statement.execute();
        }
    }
}
