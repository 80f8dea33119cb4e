package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.fuzz.Mutate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/** Rubbish on some connections: an error or a close on them, nothing on any other. */
class WireFuzzTest {
    /** A round is a connection, and takes as long as hundreds of decoded messages. */
    private static final int DEARNESS = 300;

    private static final List<byte[]> STREAMS =
            List.of(
                    SessionFuzzTest.SESSIONS.getFirst(),
                    SessionFuzzTest.SESSIONS.getLast(),
                    RawClient.concat(
                            RawClient.int32(8),
                            RawClient.int32((1234 << 16) | 5679),
                            startup(),
                            SessionFuzzTest.frame('p', "SCRAM-SHA-256\0\0\0\0\13n,,n=,r=abc"),
                            SessionFuzzTest.frame('p', "c=biws,r=abc,p=AAAA")),
                    RawClient.concat(
                            RawClient.int32(16),
                            RawClient.int32((1234 << 16) | 5678),
                            RawClient.int32(1),
                            RawClient.int32(2)));

    @Test
    void rubbishHarmsNobodyElse(@TempDir Path directory) throws Exception {
        long seed = Fuzz.seed();
        long rounds = Fuzz.rounds(DEARNESS);
        long began = System.nanoTime();
        long malformed = 0;
        try (RunningServer server = new RunningServer(directory);
                Connection bystander = server.connect("")) {
            long answers = 0;
            for (long round = 0; round < rounds; round++) {
                SplittableRandom random = new SplittableRandom(seed * 31 + round);
                byte[] bytes = Mutate.oneOf(STREAMS, random);
                malformed += Fuzz.isMalformed(bytes, STREAMS) ? 1 : 0;
                boolean authenticated = random.nextBoolean();
                String repeat =
                        "-Dannex.seed="
                                + seed
                                + " round "
                                + round
                                + " "
                                + HexFormat.of().formatHex(bytes);
                try (RawClient client =
                        authenticated
                                ? RawClient.authenticated(server.port())
                                : new RawClient(server.port())) {
                    client.raw(bytes);
                    client.endInput();
                    answers += readToEnd(client, authenticated, repeat);
                }
                if (round % 20 == 0) {
                    assertTrue(bystander.isValid(5), repeat);
                }
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            Fuzz.tell("connections", rounds, seconds, malformed, "");
            assertTrue(answers >= rounds, answers + " answers on " + rounds + " connections");
            assertEquals("ok", Answer.of(bystander, SignedRequest.payload("status", "")).status());
            assertFalse(server.telemetry.scrape().contains("status=\"XX000\""));
        }
    }

    /** Every answer is a well-formed message, and none speaks of Java. Returns their number. */
    private static int readToEnd(RawClient client, boolean authenticated, String repeat)
            throws IOException {
        int answers = 0;
        try {
            if (!authenticated) {
                client.skipRefusals();
            }
            while (true) {
                RawClient.Message message = client.read();
                answers++;
                assertTrue("RSKZTDCEIN123nstv".indexOf(message.type()) >= 0, repeat);
                if (message.type() == 'E') {
                    assertFalse(message.text().contains("Exception"), repeat + message.text());
                    assertFalse(message.field('C').equals("XX000"), repeat + message.text());
                }
            }
        } catch (EOFException | SocketException e) {
            // The end of the connection is what was expected.
            return answers;
        }
    }

    private static byte[] startup() {
        byte[] body =
                RawClient.concat(
                        RawClient.int32(3 << 16), RawClient.utf8("user\0annex\0database\0a\0\0"));
        return RawClient.concat(RawClient.int32(body.length + 4), body);
    }
}
