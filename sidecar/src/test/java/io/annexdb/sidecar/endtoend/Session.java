package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** One connection, and short words for what tests do with it. */
public final class Session implements AutoCloseable {
    private final Connection connection;

    private Session(Connection connection) {
        this.connection = connection;
    }

    /** Connects; {@code annex.fallback} is error, so that every answer is the index's. */
    public static Session open(String url, String user) throws SQLException {
        String separator = url.contains("?") ? "&" : "?";
        return new Session(
                DriverManager.getConnection(
                        url
                                + separator
                                // Text throughout, so that numbers read the same the sixth time.
                                + "prepareThreshold=0&options=-c%20annex.fallback=error",
                        user,
                        ""));
    }

    public Connection connection() {
        return connection;
    }

    public void run(String... statements) throws SQLException {
        for (String sql : statements) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }
    }

    /** All rows, columns joined by commas. Arrays of float may be among the parameters. */
    public List<String> rows(String sql, @Nullable Object... parameters) throws SQLException {
        List<String> all = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    StringBuilder row = new StringBuilder(String.valueOf(rows.getString(1)));
                    for (int i = 2; i <= columns; i++) {
                        row.append(',').append(rows.getString(i));
                    }
                    all.add(row.toString());
                }
            }
        }
        return all;
    }

    /** The only column of the only row. */
    public String value(String sql, @Nullable Object... parameters) throws SQLException {
        List<String> rows = rows(sql, parameters);
        assertEquals(1, rows.size(), sql);
        return rows.get(0);
    }

    /** The first warning that a statement leaves, or null. */
    public @Nullable String warningOf(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return statement.getWarnings() == null ? null : statement.getWarnings().getMessage();
        }
    }

    /** Asserts that a statement fails like this, and that the error tells what to do about it. */
    public void refuses(String sqlState, String inMessage, String sql) {
        PSQLException thrown = assertThrows(PSQLException.class, () -> run(sql), sql);
        ServerErrorMessage error = thrown.getServerErrorMessage();
        assertTrue(error != null, thrown::toString);
        assertEquals(sqlState, error.getSQLState(), () -> error + "\n" + sql);
        assertTrue(
                error.getMessage() != null && error.getMessage().contains(inMessage),
                () -> "expected \"" + inMessage + "\" in: " + error + "\n" + sql);
        assertTrue(
                error.getHint() != null && !error.getHint().isBlank(), () -> "no hint: " + error);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
