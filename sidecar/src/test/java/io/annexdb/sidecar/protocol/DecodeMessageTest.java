package io.annexdb.sidecar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

class DecodeMessageTest {
    @Test
    void query() {
        assertEquals(new FrontendMessage.Query(utf8("SELECT 1")), decode('Q', text("SELECT 1\0")));
    }

    @Test
    void parse() {
        assertEquals(
                new FrontendMessage.Parse("s1", utf8("SELECT $1"), List.of(25, 0)),
                decode('P', text("s1\0SELECT $1\0") + "0002" + "00000019" + "00000000"));
    }

    @Test
    void bindWithNullAndFormats() {
        assertEquals(
                new FrontendMessage.Bind(
                        "p", "s", Arrays.asList("ab", null, ""), List.of(true, false)),
                decode(
                        'B',
                        text("p\0s\0")
                                + ("0001" + "0001")
                                + ("0003" + "000000026162" + "ffffffff" + "00000000")
                                + ("0002" + "0001" + "0000")));
    }

    @Test
    void describeAndClose() {
        assertEquals(
                new FrontendMessage.Describe(FrontendMessage.Target.STATEMENT, "s"),
                decode('D', text("Ss\0")));
        assertEquals(
                new FrontendMessage.Close(FrontendMessage.Target.PORTAL, ""),
                decode('C', text("P\0")));
    }

    @Test
    void execute() {
        assertEquals(new FrontendMessage.Execute("", 5), decode('E', "00" + "00000005"));
    }

    @Test
    void messagesWithoutABody() {
        assertEquals(new FrontendMessage.Sync(), decode('S', ""));
        assertEquals(new FrontendMessage.Flush(), decode('H', ""));
        assertEquals(new FrontendMessage.Terminate(), decode('X', ""));
    }

    @Test
    void sasl() {
        assertEquals(
                new SaslMessage.Initial("SCRAM-SHA-256", "n,,n=,r=x"),
                DecodeMessage.saslInitial(
                        (byte) 'p',
                        bytes(text("SCRAM-SHA-256\0") + "00000009" + text("n,,n=,r=x"))));
        assertEquals(
                new SaslMessage.Initial("SCRAM-SHA-256", ""),
                DecodeMessage.saslInitial((byte) 'p', bytes(text("SCRAM-SHA-256\0") + "ffffffff")));
        assertEquals(
                new SaslMessage.Response("c=biws"),
                DecodeMessage.saslResponse((byte) 'p', bytes(text("c=biws"))));
    }

    @Test
    void beforeThePasswordNothingElseIsRead() {
        assertThrows(
                AnnexException.class,
                () -> DecodeMessage.saslInitial((byte) 'Q', bytes(text("SELECT 1\0"))));
    }

    @Test
    void wrongFieldsAreViolations() {
        refused('Q', text("SELECT 1"));
        refused('Q', text("SELECT 1\0x"));
        refused('S', "00");
        refused('D', text("Xs\0"));
        refused('B', text("p\0s\0") + "0001" + "0002" + "0000" + "0000");
        refused('B', text("p\0s\0") + "0002" + "00000000" + "0001" + "ffffffff" + "0000");
        refused('B', text("p\0s\0") + "0000" + "0001" + "7fffffff" + "0000");
        refused('B', text("p\0s\0") + "0000" + "0001" + "fffffffe" + "0000");
        refused('P', text("s\0q\0") + "ffff");
        refused('?', "");
    }

    @Test
    void lengthsAreBounded() {
        assertEquals(0, DecodeMessage.bodyLength(4, 100));
        assertEquals(96, DecodeMessage.bodyLength(100, 100));
        for (int length : new int[] {3, 101, -1, 0, Integer.MAX_VALUE}) {
            assertThrows(AnnexException.class, () -> DecodeMessage.bodyLength(length, 100));
        }
    }

    private static void refused(char type, String hexadecimal) {
        AnnexException error = assertThrows(AnnexException.class, () -> decode(type, hexadecimal));
        assertEquals(ErrorCode.PROTOCOL_VIOLATION, error.code(), error.getMessage());
    }

    private static FrontendMessage decode(char type, String hexadecimal) {
        return DecodeMessage.decode((byte) type, bytes(hexadecimal));
    }

    private static ByteBuffer bytes(String hexadecimal) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hexadecimal));
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
