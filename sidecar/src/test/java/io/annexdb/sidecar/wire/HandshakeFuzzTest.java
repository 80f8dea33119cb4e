package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.DecodeMessage;
import io.annexdb.sidecar.protocol.DecodeStartup;
import io.annexdb.sidecar.protocol.StartupMessage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** What a stranger sends before anything is known of it, and the files that TLS begins with. */
class HandshakeFuzzTest {
    private static final Credentials CREDENTIALS =
            Credentials.of(RunningServer.SECRET, new SecureRandom());

    /** Both messages of a client, the second behind a line end. */
    @Test
    void scram() {
        Fuzz.of(
                        "SCRAM",
                        HandshakeFuzzTest::exchange,
                        ErrorCode.PROTOCOL_VIOLATION,
                        ErrorCode.INVALID_PASSWORD)
                .runAll(
                        utf8(
                                "n,,n=,r=abc\nc=biws,r=abc,p=AAAA",
                                "y,,n=*,r=abc\nc=eSws,r=abc,p=" + "A".repeat(43) + "=",
                                "n,a=b,n=x,r=abc,k=v\nc=biws,r=abc,x=y,p=" + "A".repeat(43) + "=",
                                "p=tls-server-end-point,,n=,r=abc\nc=cD10,r=abc,p=AAAA"),
                        20);
    }

    /** However the bytes are cut on their way, the same messages come out, or the same refusal. */
    @Test
    void frames() {
        byte[] message =
                RawClient.concat(
                        RawClient.int32(8),
                        RawClient.int32((1234 << 16) | 5679),
                        RawClient.utf8("Q"),
                        RawClient.int32(13),
                        RawClient.utf8("SELECT 1\0S"),
                        RawClient.int32(4),
                        RawClient.utf8("X"),
                        RawClient.int32(4));
        Fuzz.of("frames", HandshakeFuzzTest::cut, ErrorCode.PROTOCOL_VIOLATION)
                .allowing(200 << 10, 2_000)
                .run(List.of(message), 20);
    }

    @Test
    void certificatesAndKeys(@TempDir Path directory) throws Exception {
        TestCertificate certificate = TestCertificate.create(directory);
        byte[] both = RawClient.utf8(certificate.certificatePem() + "\f" + certificate.keyPem());
        Fuzz.of("PEM", HandshakeFuzzTest::identity, ErrorCode.CONFIGURATION)
                .allowing(32 << 20, 0)
                .run(List.of(both), 100);
    }

    private static void exchange(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int end = text.indexOf('\n');
        boolean isBound = text.startsWith("p=");
        ScramExchange scram =
                new ScramExchange(
                        CREDENTIALS,
                        "annex",
                        new SecureRandom(),
                        isBound,
                        Optional.of(new byte[] {1, 2}).filter(binding -> isBound));
        String challenge = scram.first(end < 0 ? text : text.substring(0, end));
        assertEquals("r=", challenge.substring(0, 2));
        if (end >= 0) {
            // The nonce that only a client which has read the challenge can know.
            String nonce = challenge.substring(2, challenge.indexOf(",s="));
            scram.last(text.substring(end + 1).replace("r=abc", "r=" + nonce));
        }
    }

    private static void cut(byte[] bytes) {
        String whole = frames(new FrameReader(new ByteArrayInputStream(bytes)));
        SplittableRandom random = new SplittableRandom(bytes.length);
        FrameReader inPieces =
                new FrameReader(
                        new ByteArrayInputStream(bytes) {
                            @Override
                            public synchronized int read(byte[] target, int offset, int length) {
                                return super.read(
                                        target, offset, Math.min(length, 1 + random.nextInt(5)));
                            }
                        });
        assertEquals(whole, frames(inPieces));
        if (whole.endsWith("!")) {
            throw new AnnexException(ErrorCode.PROTOCOL_VIOLATION, whole, null);
        }
    }

    private static String text(StartupMessage message) {
        return message instanceof StartupMessage.CancelRequest cancel
                ? "cancel " + cancel.processId() + " " + HexFormat.of().formatHex(cancel.key())
                : message.toString();
    }

    /** What came, as a text; at the end ! for a refusal, and . for a message that was cut off. */
    private static String frames(FrameReader in) {
        StringBuilder all = new StringBuilder();
        try {
            all.append(text(DecodeStartup.decode(in.startup())));
            while (in.next()) {
                ByteBuffer body = in.body(1 << 16);
                all.append(in.type()).append(body.remaining()).append(body.hashCode());
                DecodeMessage.decode(in.type(), body);
            }
            return all.toString();
        } catch (AnnexException e) {
            return all + "!";
        } catch (EOFException e) {
            return all + ".";
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void identity(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = Math.max(0, text.indexOf('\f'));
        ReadTlsIdentity.read(
                text.substring(0, end).getBytes(StandardCharsets.ISO_8859_1),
                text.substring(end).getBytes(StandardCharsets.ISO_8859_1));
    }

    private static List<byte[]> utf8(String... texts) {
        return Stream.of(texts).map(RawClient::utf8).toList();
    }
}
