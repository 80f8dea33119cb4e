package io.annexdb.sidecar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

class DecodeStartupTest {
    @Test
    void requestsForEncryption() {
        assertEquals(new StartupMessage.SslRequest(), decode("04d2162f"));
        assertEquals(new StartupMessage.GssEncryptionRequest(), decode("04d21630"));
    }

    @Test
    void cancelRequest() {
        for (int bytes : new int[] {4, 32, 256}) {
            String key = "ca".repeat(bytes);
            StartupMessage.CancelRequest request =
                    assertInstanceOf(
                            StartupMessage.CancelRequest.class,
                            decode("04d2162e" + "00000007" + key));
            assertEquals(7, request.processId());
            assertEquals(key, HexFormat.of().formatHex(request.key()));
        }
        refused(ErrorCode.PROTOCOL_VIOLATION, "04d2162e" + "00000007" + "cafeba");
        refused(ErrorCode.PROTOCOL_VIOLATION, "04d2162e" + "00000007" + "ca".repeat(257));
    }

    @Test
    void startup() {
        assertEquals(
                new StartupMessage.Startup(
                        0, Map.of("user", "annex", "database", "app"), List.of()),
                decode("00030000" + text("user\0annex\0database\0app\0\0")));
    }

    @Test
    void laterMinorVersionAndUnknownOptionsAreKept() {
        assertEquals(
                new StartupMessage.Startup(2, Map.of("user", "annex"), List.of("_pq_.compress")),
                decode("00030002" + text("user\0annex\0_pq_.compress\0on\0\0")));
    }

    @Test
    void anotherMajorVersionIsNotOffered() {
        refused(ErrorCode.FEATURE_NOT_SUPPORTED, "00020000" + text("user\0annex\0\0"));
    }

    @Test
    void trailingBytesAreAViolation() {
        refused(ErrorCode.PROTOCOL_VIOLATION, "04d2162f00");
        refused(ErrorCode.PROTOCOL_VIOLATION, "00030000" + text("user\0annex\0\0x"));
    }

    @Test
    void anythingCutShortIsAViolation() {
        String whole = "00030000" + text("user\0annex\0\0");
        for (int bytes = 0; bytes < whole.length() / 2; bytes++) {
            refused(ErrorCode.PROTOCOL_VIOLATION, whole.substring(0, bytes * 2));
        }
    }

    @Test
    void lengthsAreBounded() {
        assertEquals(4, DecodeStartup.bodyLength(8));
        assertEquals(9_996, DecodeStartup.bodyLength(10_000));
        for (int length : new int[] {7, 10_001, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThrows(AnnexException.class, () -> DecodeStartup.bodyLength(length));
        }
    }

    private static void refused(ErrorCode code, String hexadecimal) {
        AnnexException error = assertThrows(AnnexException.class, () -> decode(hexadecimal));
        assertEquals(code, error.code(), error.getMessage());
    }

    private static StartupMessage decode(String hexadecimal) {
        return DecodeStartup.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hexadecimal)));
    }

    private static String text(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
