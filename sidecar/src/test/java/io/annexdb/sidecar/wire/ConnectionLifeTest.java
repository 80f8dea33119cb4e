package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** How connections begin and end: passwords, limits, time limits, cancel, shutdown. */
class ConnectionLifeTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @Test
    void wrongPasswordAndWrongUser() throws Exception {
        try (RunningServer server = new RunningServer(directory)) {
            String url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/annex";
            for (String[] login :
                    new String[][] {
                        {"annex", "wrong"},
                        {"annex", ""},
                        {"other", RunningServer.SECRET},
                        {"", "x"}
                    }) {
                SQLException error =
                        assertThrows(
                                SQLException.class,
                                () -> DriverManager.getConnection(url, login[0], login[1]));
                // pgjdbc itself refuses an empty password for SCRAM, and its default user is
                // another.
                String expected = login[1].isEmpty() ? "08004" : "28P01";
                assertEquals(expected, error.getSQLState(), error.getMessage());
            }
            assertTrue(
                    server.telemetry.scrape().contains("annex_authentication_failures_total 3.0"));
            server.connect("").close();
        }
    }

    @Test
    void connectionLimit() throws Exception {
        try (RunningServer server =
                new RunningServer(directory, 2, Duration.ofSeconds(10), Duration.ZERO)) {
            try (Connection first = server.connect("");
                    Connection second = server.connect("")) {
                SQLException error = assertThrows(SQLException.class, () -> server.connect(""));
                assertEquals("53300", error.getSQLState());
                assertTrue(first.isValid(5));
                assertTrue(second.isValid(5));
            }
            awaitRoom(server).close();
        }
    }

    private static Connection awaitRoom(RunningServer server) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (true) {
            try {
                return server.connect("");
            } catch (SQLException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                Thread.sleep(10);
            }
        }
    }

    @Test
    @Timeout(20)
    void whoDoesNotProveThePasswordIsCutOff() throws Exception {
        try (RunningServer server =
                        new RunningServer(directory, 5, Duration.ofMillis(300), Duration.ZERO);
                RawClient silent = new RawClient(server.port());
                RawClient halfway = new RawClient(server.port())) {
            halfway.startup("user\0annex\0\0");
            halfway.expect('R');
            silent.assertClosed();
            halfway.assertClosed();
        }
    }

    @Test
    @Timeout(20)
    void idleSessionsAreToldAndClosed() throws Exception {
        try (RunningServer server =
                        new RunningServer(
                                directory, 5, Duration.ofSeconds(5), Duration.ofMillis(300));
                RawClient client = RawClient.authenticated(server.port())) {
            RawClient.Message goodbye = client.expect('E');
            assertEquals("57P01", goodbye.field('C'));
            assertTrue(goodbye.field('M').contains("idle"), goodbye.text());
            client.assertClosed();
        }
    }

    @Test
    @Timeout(20)
    void cancelStopsAWaitingRequestAndNothingElse() throws Exception {
        assertCancelStopsAWaitingRequest("");
    }

    /** With keys of 32 bytes, which PostgreSQL 18 brought. */
    @Test
    @Timeout(20)
    void protocol32CancelsWithLongKeys() throws Exception {
        assertCancelStopsAWaitingRequest("protocolVersion=3.2");
    }

    private void assertCancelStopsAWaitingRequest(String parameters) throws Exception {
        try (RunningServer server = new RunningServer(directory);
                Connection connection = server.connect(parameters);
                Connection bystander = server.connect("");
                Statement statement = connection.createStatement()) {
            server.flushed = Lsn.parse("0/9000");
            String sql =
                    SignedRequest.sql(
                            SignedRequest.search(
                                    RunningServer.READY_INDEX,
                                    1,
                                    RunningServer.vector(1),
                                    ",\"timeout_ms\":15000"));
            CompletableFuture<Void> cancel =
                    CompletableFuture.runAsync(() -> {
                        try {
                            Thread.sleep(200);
                            statement.cancel();
                        } catch (InterruptedException | SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            long began = System.nanoTime();
            try (ResultSet row = statement.executeQuery(sql)) {
                Answer answer = Answer.only(connection, row);
                assertEquals("57014", answer.sqlState());
                assertTrue(answer.message().contains("user request"), answer.message());
            }
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(5));
            cancel.join();
            assertTrue(connection.isValid(5));
            assertTrue(bystander.isValid(5));
        }
    }

    @Test
    void cancelWithAWrongSecretDoesNothing() throws Exception {
        try (RunningServer server = new RunningServer(directory);
                RawClient client = new RawClient(server.port())) {
            client.login(RunningServer.SECRET);
            byte[] key = client.readUntil('K').body();
            assertEquals(8, key.length);
            client.readUntil('Z');
            key[7]++;
            for (byte[] wrong :
                    List.of(
                            key,
                            Arrays.copyOf(key, 7),
                            Arrays.copyOf(key, 4),
                            Arrays.copyOf(key, 36),
                            Arrays.copyOf(key, 400))) {
                try (RawClient other = new RawClient(server.port())) {
                    other.raw(
                            RawClient.concat(
                                    RawClient.int32(8 + wrong.length),
                                    RawClient.int32((1234 << 16) | 5678),
                                    wrong));
                    if (wrong.length >= 8 && wrong.length <= 260) {
                        other.assertClosed();
                    }
                }
            }
            client.message('Q', "SELECT 1\0");
            assertEquals("TDCZ", client.typesUntilReady());
            client.assertNothingMore();
        }
    }

    @Test
    @Timeout(20)
    void shutdownTellsIdleAndBusyClients() throws Exception {
        RunningServer server = new RunningServer(directory);
        try (RawClient idle = RawClient.authenticated(server.port());
                RawClient busy = RawClient.authenticated(server.port())) {
            server.flushed = Lsn.parse("0/9000");
            String sql =
                    SignedRequest.sql(
                            SignedRequest.search(
                                    RunningServer.READY_INDEX,
                                    1,
                                    RunningServer.vector(1),
                                    ",\"timeout_ms\":15000"));
            busy.message('Q', sql + "\0");
            Thread.sleep(200);
            long began = System.nanoTime();
            server.close();
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(5));
            assertEquals("57P01", idle.expect('E').field('C'));
            idle.assertClosed();
            assertEquals("TDCZ", busy.typesUntilReady());
            assertEquals("57P01", busy.expect('E').field('C'));
            busy.assertClosed();
        }
    }

    @Test
    void hikari() throws Exception {
        try (RunningServer server = new RunningServer(directory)) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + server.port() + "/annex");
            config.setUsername("annex");
            config.setPassword(RunningServer.SECRET);
            config.setMaximumPoolSize(3);
            config.setReadOnly(true);
            config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
            config.setConnectionInitSql("SET application_name = 'pool'");
            try (HikariDataSource pool = new HikariDataSource(config)) {
                for (int i = 0; i < 20; i++) {
                    try (Connection connection = pool.getConnection()) {
                        assertEquals(
                                "ok",
                                Answer.of(
                                                connection,
                                                SignedRequest.search(
                                                        RunningServer.READY_INDEX,
                                                        1,
                                                        RunningServer.vector(i),
                                                        ""))
                                        .status());
                    }
                }
            }
            assertFalse(server.telemetry.scrape().contains("status=\"XX000\""));
        }
    }
}
