package io.annexdb.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** One call of {@code annex.search}. The text depends on the table only, so plans can be kept. */
final class SearchStatement {
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String UNDEFINED_TABLE = "42P01";

    private SearchStatement() {}

    static <T> List<Hit<T>> run(Connection connection, SearchRequest<T> request)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql(request))) {
            bind(statement, request);
            try (ResultSet rows = statement.executeQuery()) {
                return hits(rows, request);
            }
        } catch (SQLException e) {
            throw UNDEFINED_OBJECT.equals(e.getSQLState())
                    ? explained(connection, request.table(), e)
                    : e;
        }
    }

    /** The statement names the table as a type, so PostgreSQL misses a type where no table is. */
    private static SQLException explained(
            Connection connection, TableName table, SQLException error) {
        try (PreparedStatement lookup = connection.prepareStatement("SELECT to_regclass(?)")) {
            lookup.setString(1, table.sql());
            try (ResultSet row = lookup.executeQuery()) {
                row.next();
                return row.getString(1) != null
                        ? error
                        : new SQLException(
                                "table " + table.sql() + " does not exist", UNDEFINED_TABLE, error);
            }
        } catch (SQLException e) {
            error.addSuppressed(e);
            return error;
        }
    }

    /** The function stands in FROM, so that it runs once and not once for each column. */
    private static String sql(SearchRequest<?> request) {
        return """
        SELECT (s.hit).*, s.distance
        FROM annex.search(NULL::%s, ?::name, ?::real[], k => ?, namespace => ?, filter => ?,
            max_distance => ?, ef_search => ?, consistency => ?, with_vector => ?) AS s\
        """
                .formatted(request.table().sql());
    }

    private static void bind(PreparedStatement statement, SearchRequest<?> request)
            throws SQLException {
        statement.setString(1, request.column());
        statement.setObject(2, request.vector());
        statement.setInt(3, request.k());
        statement.setString(4, request.namespace());
        statement.setString(5, request.filter());
        OptionalDouble maxDistance = request.maxDistance();
        if (maxDistance.isPresent()) {
            statement.setDouble(6, maxDistance.getAsDouble());
        } else {
            statement.setNull(6, Types.DOUBLE);
        }
        OptionalInt efSearch = request.efSearch();
        if (efSearch.isPresent()) {
            statement.setInt(7, efSearch.getAsInt());
        } else {
            statement.setNull(7, Types.INTEGER);
        }
        Consistency consistency = request.consistency();
        statement.setString(8, consistency == null ? null : consistency.sqlName());
        statement.setBoolean(9, request.withVector());
    }

    private static <T> List<Hit<T>> hits(ResultSet rows, SearchRequest<T> request)
            throws SQLException {
        // By position: the table may have a column called distance.
        int distanceColumn = rows.getMetaData().getColumnCount();
        List<Hit<T>> hits = new ArrayList<>(request.k());
        while (rows.next()) {
            hits.add(new Hit<>(request.mapper().map(rows), rows.getDouble(distanceColumn)));
        }
        return hits;
    }
}
