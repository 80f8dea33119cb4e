package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;
import io.annexdb.sidecar.protocol.DecodeMessage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Mutated streams of an authenticated client, handed to sessions over a real registry as a
 * connection does it, without sockets: every answer is a well-formed message, and no statement
 * fails for a reason of the sidecar's own.
 */
class SessionFuzzTest {
    /** What clients send, each several messages. */
    static final List<byte[]> SESSIONS =
            List.of(
                    RawClient.concat(
                            frame('Q', "SELECT 1\0"),
                            frame('P', "s\0SELECT annex.request($1,'x')\0\0\0"),
                            frame('B', "\0s\0\0\0\0\1\0\0\0\1x\0\0"),
                            frame('D', "Ss\0"),
                            frame('E', "\0\0\0\0\0"),
                            frame('S', ""),
                            frame('Q', "SHOW server_version; SELECT * FROM annex.index_status\0")),
                    RawClient.concat(
                            frame('P', "\0SELECT * FROM annex.sidecar_status\0\0\0"),
                            frame('B', "p\0\0\0\0\0\0\0\1\0\1"),
                            frame('D', "Pp\0"),
                            frame('E', "p\0\0\0\0\1"),
                            frame('H', ""),
                            frame('C', "Pp\0"),
                            frame('S', ""),
                            frame('Q', "BEGIN; SET a.b = 1; COMMIT; DISCARD ALL\0"),
                            frame('X', "")));

    /** A stream has about four messages: a third of the rounds surely gives as many of them. */
    private static final int DEARNESS = 3;

    private static final int MESSAGE_BYTES_MAX = 1 << 16;

    private long messages;

    @Test
    void messages(@TempDir Path directory) throws Exception {
        try (RunningServer server = new RunningServer(directory)) {
            Fuzz.of("sessions", bytes -> serve(server, bytes), ErrorCode.PROTOCOL_VIOLATION)
                    .allowing(4 << 20, 40_000)
                    .run(SESSIONS, DEARNESS);
            System.out.printf("%,d messages of sessions%n", messages);
            assertTrue(messages >= Fuzz.rounds(1), messages + " messages");
            assertFalse(server.telemetry.scrape().contains("status=\"XX000\""));
        }
    }

    private void serve(RunningServer server, byte[] bytes) throws IOException {
        FrameReader in = new FrameReader(new ByteArrayInputStream(bytes));
        BackendWriter out = new BackendWriter();
        Session session =
                new Session(
                        server.wire.commands().open(Map.of("user", "annex")),
                        out,
                        new Session.Output() {
                            @Override
                            public void flush() {
                                requireWellFormed(out);
                            }

                            @Override
                            public void flushIfLarge() {}
                        },
                        () -> false,
                        4L * MESSAGE_BYTES_MAX);
        session.ready();
        try {
            boolean more = true;
            while (more && in.next()) {
                ByteBuffer body = in.body(MESSAGE_BYTES_MAX);
                messages++;
                more = session.handle(DecodeMessage.decode(in.type(), body));
            }
        } catch (EOFException e) {
            // The client has left in the midst of a message.
            messages++;
        } finally {
            requireWellFormed(out);
        }
    }

    private static void requireWellFormed(BackendWriter out) {
        ByteBuffer answers = ByteBuffer.wrap(out.array(), 0, out.length());
        while (answers.hasRemaining()) {
            char type = (char) answers.get();
            assertTrue("RSKZTDCEIN123nstv".indexOf(type) >= 0, "an answer of type " + type);
            byte[] body = new byte[answers.getInt() - Integer.BYTES];
            answers.get(body);
            if (type == 'E') {
                String text = new String(body, StandardCharsets.UTF_8);
                assertFalse(text.contains("XX000") || text.contains("Exception"), text);
            }
        }
        out.clear();
    }

    static byte[] frame(char type, String body) {
        byte[] bytes = RawClient.utf8(body);
        return RawClient.concat(new byte[] {(byte) type}, RawClient.int32(bytes.length + 4), bytes);
    }
}
