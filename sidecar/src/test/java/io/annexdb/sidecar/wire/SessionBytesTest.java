package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;

/** Bytes in, bytes out; each ends by showing that nothing more was sent. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SessionBytesTest {
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

    @Test
    void encryptionIsDeclinedWithOneByte() throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            client.raw(HexFormat.of().parseHex("00000008" + "04d2162f"));
            assertEquals('N', client.readByte());
            client.raw(HexFormat.of().parseHex("00000008" + "04d21630"));
            assertEquals('N', client.readByte());
            client.login(RunningServer.SECRET);
            client.readUntil('Z');
            client.assertNothingMore();
        }
    }

    @Test
    void aLaterMinorVersionIsNegotiated() throws IOException {
        assertArrayEquals(
                HexFormat.of().parseHex("00030002" + "00000001" + "5f70715f2e7800"),
                negotiated(9_999, "_pq_.x\0on\0"));
        assertArrayEquals(
                HexFormat.of().parseHex("00030000" + "00000000"),
                negotiated(1, ""),
                "there is no 3.1");
        assertArrayEquals(
                HexFormat.of().parseHex("00030002" + "00000001" + "5f70715f2e7800"),
                negotiated(2, "_pq_.x\0on\0"));
    }

    private byte[] negotiated(int minorVersion, String options) throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            byte[] body =
                    RawClient.concat(
                            RawClient.int32((3 << 16) | minorVersion),
                            RawClient.utf8("user\0annex\0" + options + "\0"));
            client.raw(RawClient.concat(RawClient.int32(body.length + 4), body));
            RawClient.Message negotiate = client.expect('v');
            client.expect('R');
            return negotiate.body();
        }
    }

    @Test
    void anotherMajorVersionIsRefused() throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            client.raw(HexFormat.of().parseHex("00000009" + "00020000" + "00"));
            assertEquals("0A000", client.expect('E').field('C'));
            client.assertClosed();
        }
    }

    @Test
    void simpleQuery() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('Q', "SELECT 1\0");
            assertEquals(
                    "00013f636f6c756d6e3f00000000000000000000170004ffffffff0000",
                    HexFormat.of().formatHex(client.expect('T').body()));
            assertEquals("00010000000131", HexFormat.of().formatHex(client.expect('D').body()));
            assertEquals("SELECT 1\0", client.expect('C').text());
            assertEquals("I", client.expect('Z').text());
            client.message('Q', "\0");
            assertEquals("IZ", client.typesUntilReady());
            client.assertNothingMore();
        }
    }

    @Test
    void transactionStatus() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('Q', "BEGIN\0");
            assertEquals("T", client.readUntil('Z').text());
            client.message('Q', "nonsense\0");
            assertEquals("EZ", client.typesUntilReady());
            client.message('Q', "COMMIT\0");
            assertEquals("I", client.readUntil('Z').text());
            client.assertNothingMore();
        }
    }

    @Test
    void extendedQueryWithBinaryResult() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('P', "s\0SELECT 1\0\0\0");
            client.message('D', "Ss\0");
            client.message(
                    'B', RawClient.concat(RawClient.utf8("p\0s\0"), bytes("0000000000010001")));
            client.message('D', "Pp\0");
            client.message('E', RawClient.concat(RawClient.utf8("p\0"), RawClient.int32(0)));
            client.message('C', "Ss\0");
            client.message('S', "");
            client.expect('1');
            assertEquals("0000", HexFormat.of().formatHex(client.expect('t').body()));
            client.expect('T');
            client.expect('2');
            client.expect('T');
            assertEquals(
                    "000100000004" + "00000001",
                    HexFormat.of().formatHex(client.expect('D').body()));
            assertEquals("SELECT 1\0", client.expect('C').text());
            client.expect('3');
            client.expect('Z');
            client.assertNothingMore();
        }
    }

    @Test
    void flushSendsWithoutReadyForQuery() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('P', "\0SELECT 1\0\0\0");
            client.message('H', "");
            client.expect('1');
            client.assertNothingMore();
        }
    }

    @Test
    void afterAnErrorEverythingUpToSyncIsSkipped() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('P', "s\0nonsense\0\0\0");
            client.message('B', RawClient.concat(RawClient.utf8("\0s\0"), bytes("000000000000")));
            client.message('E', RawClient.concat(RawClient.utf8("\0"), RawClient.int32(0)));
            client.message('Q', "SELECT 1\0");
            client.message('S', "");
            assertEquals("EZ", client.typesUntilReady());
            client.message('B', RawClient.concat(RawClient.utf8("\0s\0"), bytes("000000000000")));
            client.message('S', "");
            assertEquals("26000", client.expect('E').field('C'));
            client.expect('Z');
            client.message('E', RawClient.concat(RawClient.utf8("x\0"), RawClient.int32(0)));
            client.message('S', "");
            assertEquals("34000", client.expect('E').field('C'));
            client.expect('Z');
            client.assertNothingMore();
        }
    }

    @Test
    void wrongNumberOfParametersIsAnError() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('P', "s\0SELECT annex.request($1,$2)\0\0\0");
            client.message('D', "Ss\0");
            client.message('B', RawClient.concat(RawClient.utf8("\0s\0"), bytes("000000000000")));
            client.message('S', "");
            client.expect('1');
            assertEquals(
                    "0002" + "00000019" + "00000019",
                    HexFormat.of().formatHex(client.expect('t').body()));
            client.expect('T');
            RawClient.Message error = client.expect('E');
            assertEquals("08P01", error.field('C'));
            assertEquals("ERROR", error.field('V'));
            client.expect('Z');
            client.message('P', "s\0SELECT 1\0\0\0");
            client.message('S', "");
            assertEquals("42P05", client.expect('E').field('C'));
            client.expect('Z');
            client.assertNothingMore();
        }
    }

    @Test
    void malformedMessagesEndTheConnection() throws IOException {
        for (String hexadecimal :
                new String[] {
                    "51" + "00000003",
                    "51" + "7fffffff",
                    "51" + "00000009" + "53454c4543",
                    "ff" + "00000004",
                    "53" + "00000005" + "00",
                    "70" + "00000008" + "61626364"
                }) {
            try (RawClient client = RawClient.authenticated(server.port())) {
                client.raw(bytes(hexadecimal));
                RawClient.Message error = client.expect('E');
                assertEquals("08P01", error.field('C'), hexadecimal);
                assertEquals("FATAL", error.field('V'));
                assertTrue(error.field('M').startsWith("malformed message"), error.text());
                client.assertClosed();
            }
        }
    }

    @Test
    void terminateClosesWithoutAnAnswer() throws IOException {
        try (RawClient client = RawClient.authenticated(server.port())) {
            client.message('X', "");
            client.assertClosed();
        }
    }

    private static byte[] bytes(String hexadecimal) {
        return HexFormat.of().parseHex(hexadecimal);
    }
}
