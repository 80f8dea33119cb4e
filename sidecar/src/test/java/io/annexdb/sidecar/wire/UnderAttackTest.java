package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What strangers, and clients that stall, can do to a server: very little. */
@Timeout(60)
class UnderAttackTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @Test
    void longMessagesAreRefusedByTheirLength() throws Exception {
        try (RunningServer server = server(limits(5, 5, 1 << 20, LONG))) {
            try (RawClient client = new RawClient(server.port())) {
                client.raw(RawClient.int32(10_001));
                refusedForLength(client, "10000");
            }
            try (RawClient client = new RawClient(server.port())) {
                client.startup("user\0annex\0\0");
                client.expect('R');
                client.raw(RawClient.concat(RawClient.utf8("p"), RawClient.int32(8_193)));
                refusedForLength(client, "8192");
            }
            try (RawClient client = RawClient.authenticated(server.port())) {
                client.message('Q', "SELECT 1" + " ".repeat((1 << 20) - 13) + "\0");
                assertEquals("TDCZ", client.typesUntilReady());
                client.raw(RawClient.concat(RawClient.utf8("Q"), RawClient.int32((1 << 20) + 1)));
                refusedForLength(client, "1048576");
            }
        }
    }

    /** Each statement fits; all of them together would be what a session may not keep. */
    @Test
    void preparedStatementsAreBounded() throws Exception {
        try (RunningServer server = server(limits(5, 5, 1 << 20, LONG));
                RawClient client = RawClient.authenticated(server.port())) {
            String sql = "SELECT 1" + " ".repeat((1 << 20) - 100);
            for (int i = 0; i < 4; i++) {
                client.message('P', "s" + i + "\0" + sql + "\0\0\0");
                client.expectAfterFlush('1');
            }
            client.message('P', "more\0" + sql + "\0\0\0");
            assertEquals("53000", client.expectAfterFlush('E').field('C'));
            client.message('S', "");
            client.expect('Z');
            client.message('C', "Ss1\0");
            client.expectAfterFlush('3');
            client.message('P', "more\0" + sql + "\0\0\0");
            client.expectAfterFlush('1');
        }
    }

    private static void refusedForLength(RawClient client, String limit) throws IOException {
        RawClient.Message error = client.expect('E');
        assertEquals("08P01", error.field('C'));
        assertEquals("FATAL", error.field('V'));
        assertTrue(error.field('M').endsWith(limit), error.text());
        client.assertClosed();
    }

    /** More strangers than logins and sessions together, and both still work. */
    @Test
    void strangersDoNotUseUpTheSessions() throws Exception {
        try (RunningServer server = server(limits(3, 4, 1 << 20, LONG))) {
            List<RawClient> strangers = new ArrayList<>();
            try (Connection first = server.connect("")) {
                for (int i = 0; i < 20; i++) {
                    strangers.add(new RawClient(server.port()));
                }
                Thread.sleep(Strangers.PATIENCE.toMillis() + 100);
                try (Connection second = server.connect("");
                        Connection third = server.connect("")) {
                    SQLException error = assertThrows(SQLException.class, () -> server.connect(""));
                    assertEquals("53300", error.getSQLState());
                    assertTrue(first.isValid(5) && second.isValid(5) && third.isValid(5));
                }
            } finally {
                for (RawClient stranger : strangers) {
                    stranger.close();
                }
            }
            assertTrue(metric(server, "annex_connections_refused_total") >= 16);
        }
    }

    @Test
    void aMessageThatNeverEndsEndsTheSession() throws Exception {
        try (RunningServer server = server(limits(5, 5, 1 << 20, Duration.ofMillis(300)));
                RawClient client = RawClient.authenticated(server.port());
                Connection bystander = server.connect("")) {
            client.raw(RawClient.concat(RawClient.utf8("Q"), RawClient.int32(100)));
            client.assertClosed();
            assertTrue(bystander.isValid(5));
            assertEquals(1, metric(server, "annex_connections_expired_total"));
        }
    }

    @Test
    void anAnswerThatNobodyReadsEndsTheSession() throws Exception {
        try (RunningServer server = server(limits(5, 5, 8 << 20, Duration.ofMillis(300)));
                RawClient client = RawClient.authenticated(server.port())) {
            byte[] many = RawClient.utf8("SELECT version();".repeat(400_000) + "\0");
            client.message('Q', many);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (metric(server, "annex_connections_expired_total") == 0) {
                assertTrue(System.nanoTime() < deadline, "the session lives on");
                Thread.sleep(50);
            }
        }
    }

    /** The right secret waits as long as a wrong one, and then clears the address. */
    @Test
    void guessesBecomeSlow() throws Exception {
        try (RunningServer server = server(limits(50, 50, 1 << 20, LONG))) {
            List<Long> millis = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                long began = System.nanoTime();
                assertEquals("28P01", login(server, "annex", "wrong " + i).field('C'));
                millis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
            }
            assertTrue(millis.get(3) >= 50 && millis.get(5) >= 200, millis::toString);
            long began = System.nanoTime();
            server.connect("").close();
            assertTrue(System.nanoTime() - began >= TimeUnit.MILLISECONDS.toNanos(400));
            assertEquals(4, metric(server, "annex_logins_delayed_total"));
            // Each takes back one failure of the six, of which three are free.
            for (int i = 0; i < 3; i++) {
                server.connect("").close();
            }
            assertEquals(7, metric(server, "annex_logins_delayed_total"));
            server.connect("").close();
            assertEquals(7, metric(server, "annex_logins_delayed_total"));
        }
    }

    /** Which users there are shows in nothing: not in the salt, the count, the error. */
    @Test
    void anUnknownUserLooksLikeAWrongPassword() throws Exception {
        try (RunningServer server = server(limits(50, 50, 1 << 20, LONG))) {
            RawClient.Message known = login(server, "annex", "wrong");
            RawClient.Message unknown = login(server, "other", RunningServer.SECRET);
            assertEquals(
                    known.text().replace("\"annex\"", "\"other\""),
                    unknown.text().replace("The role is \"annex\"", "The role is \"other\""));
            String annex = challenge(server, "annex");
            String other = challenge(server, "other");
            assertEquals(annex, challenge(server, "annex"));
            assertEquals(other, challenge(server, "other"));
            assertNotEquals(annex, other);
            assertNotEquals(other, challenge(server, "another"));
            assertEquals(annex.length(), other.length());
            assertEquals(
                    annex.substring(annex.indexOf(",i=")), other.substring(other.indexOf(",i=")));
        }
    }

    /** Salt and count of server-first-message. */
    private static String challenge(RunningServer server, String user) throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            client.startup("user\0" + user + "\0\0");
            client.expect('R');
            String first = "n,,n=,r=abc";
            client.message(
                    'p',
                    RawClient.concat(
                            RawClient.utf8("SCRAM-SHA-256\0"),
                            RawClient.int32(first.length()),
                            RawClient.utf8(first)));
            ByteBuffer body = ByteBuffer.wrap(client.expect('R').body());
            assertEquals(11, body.getInt());
            String message = StandardCharsets.UTF_8.decode(body).toString();
            return message.substring(message.indexOf(",s="));
        }
    }

    private static RawClient.Message login(RunningServer server, String user, String password)
            throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            client.login(user, password);
            return client.expect('E');
        }
    }

    private static long metric(RunningServer server, String name) {
        return server.telemetry
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    private RunningServer server(WireSettings.Limits limits) throws IOException {
        return new RunningServer(directory, limits, Optional.empty());
    }

    private static WireSettings.Limits limits(
            int connections, int logins, int messageBytes, Duration transferTimeout) {
        return new WireSettings.Limits(
                connections,
                logins,
                messageBytes,
                Duration.ofSeconds(30),
                Duration.ZERO,
                transferTimeout);
    }
}
