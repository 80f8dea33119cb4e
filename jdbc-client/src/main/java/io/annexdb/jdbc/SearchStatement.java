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

/**
 * One call of {@code annex.search} or {@code annex.search_batch}. The text depends on the table
 * only, so plans can be kept.
 */
final class SearchStatement {
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String UNDEFINED_TABLE = "42P01";

    private SearchStatement() {}

    private interface Read<R> {
        R from(ResultSet rows) throws SQLException;
    }

    static <T> List<Hit<T>> run(Connection connection, SearchRequest<T> request)
            throws SQLException {
        if (request.vectors().size() != 1) {
            throw new IllegalArgumentException(
                    "search takes one vector, the request has "
                            + request.vectors().size()
                            + ": call searchBatch");
        }
        return run(
                connection,
                request,
                "s.distance FROM annex.search",
                request.vectors().getFirst(),
                rows -> hits(rows, request));
    }

    static <T> List<List<Hit<T>>> runAll(Connection connection, SearchRequest<T> request)
            throws SQLException {
        return run(
                connection,
                request,
                "s.distance, s.ordinal FROM annex.search_batch",
                request.vectors().toArray(float[][]::new),
                rows -> hitsOfEach(rows, request));
    }

    private static <R> R run(
            Connection connection,
            SearchRequest<?> request,
            String function,
            Object query,
            Read<R> read)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql(request, function))) {
            bind(statement, request, query);
            try (ResultSet rows = statement.executeQuery()) {
                return read.from(rows);
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
    private static String sql(SearchRequest<?> request, String function) {
        return """
        SELECT (s.hit).*, %s(NULL::%s, ?::name, ?::real[], k => ?, namespace => ?, filter => ?,
            max_distance => ?, ef_search => ?, consistency => ?, with_vector => ?) AS s\
        """
                .formatted(function, request.table().sql());
    }

    private static void bind(PreparedStatement statement, SearchRequest<?> request, Object query)
            throws SQLException {
        statement.setString(1, request.column());
        statement.setObject(2, query);
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

    private static <T> List<List<Hit<T>>> hitsOfEach(ResultSet rows, SearchRequest<T> request)
            throws SQLException {
        int ordinalColumn = rows.getMetaData().getColumnCount();
        List<List<Hit<T>>> all = new ArrayList<>(request.vectors().size());
        for (int i = 0; i < request.vectors().size(); i++) {
            all.add(new ArrayList<>());
        }
        while (rows.next()) {
            all.get(rows.getInt(ordinalColumn) - 1)
                    .add(new Hit<>(request.mapper().map(rows), rows.getDouble(ordinalColumn - 1)));
        }
        return all;
    }
}
