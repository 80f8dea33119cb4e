package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.StringJoiner;

import javax.sql.DataSource;

/** One connection to a migrated database, and short words for what tests do with it. */
final class Database implements AutoCloseable {
    private final Connection connection;

    private Database(Connection connection) {
        this.connection = connection;
    }

    /** A new database of the shared server with the current migrations. */
    static Database migrated() throws SQLException {
        DataSource source = SharedPostgres.emptyDatabase();
        AnnexMigrations.migrate(source, Map.of());
        return new Database(source.getConnection());
    }

    Connection connection() {
        return connection;
    }

    void run(String... statements) throws SQLException {
        for (String sql : statements) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }
    }

    /** All rows, columns joined by commas and rows by semicolons. */
    String query(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            StringJoiner all = new StringJoiner(";");
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringJoiner row = new StringJoiner(",");
                for (int i = 1; i <= columns; i++) {
                    row.add(rows.getString(i));
                }
                all.add(row.toString());
            }
            return all.toString();
        }
    }

    /** The first warning that a statement leaves, or null. */
    @Nullable String warningOf(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return statement.getWarnings() == null ? null : statement.getWarnings().getMessage();
        }
    }

    /** Asserts that a statement fails like this, and that the error tells what to do about it. */
    void refuses(String sqlState, String inMessage, String sql) {
        ServerErrorMessage error = failure(sqlState, inMessage, sql);
        assertTrue(
                error.getHint() != null && !error.getHint().isBlank(),
                () -> "no hint: " + error + "\n" + sql);
    }

    /** As {@link #refuses}, for errors of PostgreSQL itself, which have no hint. */
    ServerErrorMessage failure(String sqlState, String inMessage, String sql) {
        PSQLException thrown = assertThrows(PSQLException.class, () -> run(sql), sql);
        ServerErrorMessage error = thrown.getServerErrorMessage();
        assertTrue(error != null, thrown::toString);
        assertEquals(sqlState, error.getSQLState(), () -> error + "\n" + sql);
        assertTrue(
                error.getMessage() != null && error.getMessage().contains(inMessage),
                () -> "expected \"" + inMessage + "\" in: " + error + "\n" + sql);
        return error;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
