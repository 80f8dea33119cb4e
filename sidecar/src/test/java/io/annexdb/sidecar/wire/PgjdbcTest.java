package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What pgjdbc sends in each of its modes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgjdbcTest {
    @SuppressWarnings("NullAway.Init")
    private RunningServer server;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        server = new RunningServer(directory);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static final String EXTENDED = "preferQueryMode=extended";
    private static final String SIMPLE = "preferQueryMode=simple";
    private static final String PREPARED = "preferQueryMode=extendedForPrepared";
    private static final String BINARY = "prepareThreshold=1&binaryTransfer=true";
    private static final String CACHED = "preferQueryMode=extendedCacheEverything";
    private static final String ENCRYPTION = "sslmode=prefer&gssEncMode=prefer";

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE, PREPARED, BINARY, CACHED, ENCRYPTION})
    void statementsForPeople(String mode) throws SQLException {
        try (Connection connection = server.connect(mode)) {
            for (int i = 0; i < 7; i++) {
                assertEquals("1", one(connection, "SELECT 1"));
                assertTrue(one(connection, "select version();").contains("Annex"));
                assertEquals("annex", one(connection, "SELECT current_user"));
                indexStatus(connection);
                sidecarStatus(connection);
            }
        }
    }

    private static void indexStatus(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement("SELECT * FROM annex.index_status");
                ResultSet rows = statement.executeQuery()) {
            assertTrue(rows.next());
            assertEquals(RunningServer.READY_INDEX, rows.getLong("index_id"));
            assertEquals(1_000L, rows.getObject("rows"));
            assertEquals(2, rows.getObject("shards"));
            assertEquals("ready", rows.getString("state"));
            assertNull(rows.getString("message"));
            assertTrue(rows.next());
            assertEquals("loading", rows.getString("state"));
            assertFalse(rows.next());
        }
    }

    private static void sidecarStatus(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement("SELECT * FROM annex.sidecar_status");
                ResultSet rows = statement.executeQuery()) {
            assertTrue(rows.next());
            assertEquals("test", rows.getString("name"));
            assertEquals(true, rows.getObject("streaming"));
            assertEquals(0L, rows.getLong("lag_bytes"));
            assertEquals("0/5000", rows.getString("applied"));
            assertFalse(rows.next());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE, PREPARED, BINARY, CACHED})
    void whatPoolsDo(String mode) throws SQLException {
        try (Connection connection = server.connect(mode + "&ApplicationName=pool")) {
            assertTrue(connection.isValid(5));
            assertEquals(
                    Connection.TRANSACTION_READ_COMMITTED, connection.getTransactionIsolation());
            assertEquals("pool", one(connection, "SHOW application_name"));
            connection.setClientInfo("ApplicationName", "other");
            assertEquals("other", one(connection, "SHOW application_name"));
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            connection.setAutoCommit(false);
            assertEquals("1", one(connection, "SELECT 1"));
            connection.commit();
            assertEquals("1", one(connection, "SELECT 1"));
            connection.rollback();
            connection.setReadOnly(true);
            assertEquals("1", one(connection, "SELECT 1"));
            connection.rollback();
            connection.setAutoCommit(true);
            assertEquals("1", one(connection, "SELECT 1"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE, PREPARED, BINARY, CACHED})
    void anErrorLeavesTheConnectionUsable(String mode) throws SQLException {
        try (Connection connection = server.connect(mode)) {
            for (int i = 0; i < 7; i++) {
                SQLException error =
                        assertThrows(
                                SQLException.class,
                                () -> one(connection, "SELECT * FROM pg_class"));
                assertEquals("42601", error.getSQLState());
                assertTrue(String.valueOf(error.getMessage()).contains("annex.index_status"));
                assertEquals("1", one(connection, "SELECT 1"));
            }
            SQLException unknown =
                    assertThrows(SQLException.class, () -> one(connection, "SHOW no_such"));
            assertEquals("22023", unknown.getSQLState());
            assertTrue(connection.isValid(5));
        }
    }

    /** In simple mode pgjdbc asks for all rows at once. */
    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, BINARY, CACHED})
    void rowsInParts(String mode) throws SQLException {
        try (Connection connection = server.connect(mode)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(1);
                try (ResultSet rows = statement.executeQuery("SELECT * FROM annex.index_status")) {
                    assertTrue(rows.next());
                    assertTrue(rows.next());
                    assertFalse(rows.next());
                }
            }
            try (Statement statement = connection.createStatement()) {
                statement.setMaxRows(1);
                try (ResultSet rows = statement.executeQuery("SELECT * FROM annex.index_status")) {
                    assertTrue(rows.next());
                    assertFalse(rows.next());
                }
            }
            connection.commit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE})
    void severalStatementsAndNone(String mode) throws SQLException {
        try (Connection connection = server.connect(mode);
                Statement statement = connection.createStatement()) {
            assertTrue(statement.execute("SELECT 1; SELECT 2"));
            assertTrue(statement.getMoreResults());
            try (ResultSet second = statement.getResultSet()) {
                assertTrue(second.next());
                assertEquals(2, second.getInt(1));
            }
            assertFalse(statement.execute(""));
            assertFalse(statement.execute("SET extra_float_digits = 3"));
            assertFalse(statement.execute("DISCARD ALL"));
        }
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            assertTrue(row.next());
            String value = row.getString(1);
            assertFalse(row.next());
            return value;
        }
    }
}
