package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** Rubbish on some connections: an error or a close on them, nothing on any other. */
class WireFuzzTest {
    private static final int ROUNDS = 300;

    @Test
    @Timeout(120)
    void rubbishHarmsNobodyElse(@TempDir Path directory) throws Exception {
        long seed = Long.getLong("annex.seed", 20_261_121L);
        SplittableRandom random = new SplittableRandom(seed);
        try (RunningServer server = new RunningServer(directory);
                Connection bystander = server.connect("")) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] bytes = mutated(random);
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
                    readToEnd(client, repeat);
                }
                if (round % 20 == 0) {
                    assertTrue(bystander.isValid(5), repeat);
                }
            }
            assertEquals("ok", Answer.of(bystander, SignedRequest.payload("status", "")).status());
            assertFalse(server.telemetry.scrape().contains("status=\"XX000\""));
        }
    }

    /** Every answer is a well-formed message, and none speaks of Java. */
    private static void readToEnd(RawClient client, String repeat) throws IOException {
        try {
            while (true) {
                RawClient.Message message = client.read();
                assertTrue("RSKZTDCEIN123nstv".indexOf(message.type()) >= 0, repeat);
                if (message.type() == 'E') {
                    assertFalse(message.text().contains("Exception"), repeat + message.text());
                    assertFalse(message.field('C').equals("XX000"), repeat + message.text());
                }
            }
        } catch (EOFException | SocketException e) {
            // The end of the connection is what was expected.
            assertFalse(repeat.isEmpty());
        }
    }

    private static byte[] mutated(SplittableRandom random) {
        byte[] whole =
                RawClient.concat(
                        frame('Q', "SELECT 1\0"),
                        frame('P', "s\0SELECT annex.request($1,'x')\0\0\0"),
                        frame('B', "\0s\0\0\0\0\1\0\0\0\1x\0\0"),
                        frame('D', "Ss\0"),
                        frame('E', "\0\0\0\0\0"),
                        frame('S', ""),
                        frame('Q', "SHOW server_version; SELECT * FROM annex.index_status\0"));
        int changes = 1 + random.nextInt(6);
        for (int i = 0; i < changes; i++) {
            whole[random.nextInt(whole.length)] = (byte) random.nextInt(256);
        }
        return Arrays.copyOf(whole, random.nextInt(whole.length + 1));
    }

    private static byte[] frame(char type, String body) {
        byte[] bytes = RawClient.utf8(body);
        return RawClient.concat(new byte[] {(byte) type}, RawClient.int32(bytes.length + 4), bytes);
    }
}
