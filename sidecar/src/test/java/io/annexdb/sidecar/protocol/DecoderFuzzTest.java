package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

/** Whatever the bytes, a decoder gives a message or a protocol violation, and leaves them alone. */
class DecoderFuzzTest {
    @Test
    void messagesOfASession() {
        Fuzz.of("session messages", DecoderFuzzTest::session, ErrorCode.PROTOCOL_VIOLATION)
                .run(
                        bytes(
                                "51" + "53454c454354203100",
                                "50" + "733100" + "53454c4543542024313b00" + "0001" + "00000019",
                                "42"
                                        + "7000"
                                        + "7300"
                                        + "0001"
                                        + "0001"
                                        + "0001"
                                        + "00000001"
                                        + "61"
                                        + "0000",
                                "42"
                                        + "7000"
                                        + "7300"
                                        + "0000"
                                        + "0002"
                                        + "ffffffff"
                                        + "00000002"
                                        + "6162"
                                        + "0001"
                                        + "0001",
                                "44" + "53" + "7300",
                                "45" + "7000" + "00000000",
                                "43" + "50" + "7000",
                                "48",
                                "53",
                                "58"));
    }

    @Test
    void messagesBeforeTheSession() {
        Fuzz.of(
                        "start-up messages",
                        bytes -> DecodeStartup.decode(ByteBuffer.wrap(bytes)),
                        ErrorCode.PROTOCOL_VIOLATION,
                        ErrorCode.FEATURE_NOT_SUPPORTED)
                .run(
                        bytes(
                                "00030000" + "7573657200" + "616e6e657800" + "00",
                                "00030002" + "5f70715f2e7800" + "6f6e00" + "00",
                                "04d2162f",
                                "04d21630",
                                "04d2162e" + "00000001" + "00000002"));
    }

    @Test
    void messagesOfAuthentication() {
        Fuzz.of("SASL messages", DecoderFuzzTest::sasl, ErrorCode.PROTOCOL_VIOLATION)
                .run(
                        bytes(
                                "00" + "70" + "534352414d00" + "00000003" + "6e2c2c",
                                "00" + "70" + "534352414d00" + "ffffffff",
                                "01" + "70" + "633d626977732c723d61"));
    }

    private static void session(byte[] bytes) {
        if (bytes.length > 0) {
            DecodeMessage.decode(bytes[0], ByteBuffer.wrap(bytes, 1, bytes.length - 1).slice());
        }
    }

    private static void sasl(byte[] bytes) {
        if (bytes.length < 2) {
            return;
        }
        ByteBuffer body = ByteBuffer.wrap(bytes, 2, bytes.length - 2).slice();
        if (bytes[0] == 0) {
            DecodeMessage.saslInitial(bytes[1], body);
        } else {
            DecodeMessage.saslResponse(bytes[1], body);
        }
    }

    private static List<byte[]> bytes(String... hexadecimal) {
        return List.of(hexadecimal).stream().map(HexFormat.of()::parseHex).toList();
    }
}
