package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A client that sends any bytes and shows every byte that comes back. */
final class RawClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int LENGTH_MAX = 1 << 24;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    RawClient(int port) throws IOException {
        this(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    /** Over a connection that is open already, perhaps an encrypted one. */
    RawClient(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
    }

    /** A message of the server. */
    @SuppressWarnings("ArrayRecordComponent")
    record Message(char type, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** A field of an ErrorResponse. */
        String field(char name) {
            for (String field : text().split("\0", -1)) {
                if (!field.isEmpty() && field.charAt(0) == name) {
                    return field.substring(1);
                }
            }
            return "";
        }
    }

    /** A client that is past ReadyForQuery. */
    static RawClient authenticated(int port) throws IOException {
        RawClient client = new RawClient(port);
        client.login(RunningServer.SECRET);
        client.readUntil('Z');
        return client;
    }

    /** Sends everything up to the proof; the answer to it is not read. */
    void login(String password) throws IOException {
        login("annex", password);
    }

    void login(String user, String password) throws IOException {
        startup("user\0" + user + "\0database\0annex\0\0");
        expect('R');
        ScramClient scram;
        try {
            scram =
                    ScramClient.builder()
                            .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                            .username("*")
                            .password(password.toCharArray())
                            .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                            .build();
            String first = scram.clientFirstMessage().toString();
            message('p', concat(utf8("SCRAM-SHA-256\0"), int32(first.length()), utf8(first)));
            byte[] challenge = expect('R').body();
            scram.serverFirstMessage(
                    new String(challenge, 4, challenge.length - 4, StandardCharsets.UTF_8));
            message('p', utf8(scram.clientFinalMessage().toString()));
        } catch (ScramException e) {
            throw new IOException(e);
        }
    }

    void startup(String parameters) throws IOException {
        byte[] body = concat(int32(3 << 16), utf8(parameters));
        raw(concat(int32(body.length + 4), body));
    }

    void message(char type, byte[] body) throws IOException {
        raw(concat(new byte[] {(byte) type}, int32(body.length + 4), body));
    }

    void message(char type, String body) throws IOException {
        message(type, utf8(body));
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** Says that no more bytes will come. */
    void endInput() throws IOException {
        socket.shutdownOutput();
    }

    byte readByte() throws IOException {
        return in.readByte();
    }

    Message read() throws IOException {
        char type = (char) in.readUnsignedByte();
        int length = in.readInt();
        assertTrue(length >= 4 && length <= LENGTH_MAX, "message " + type + " of " + length);
        byte[] body = new byte[length - 4];
        in.readFully(body);
        return new Message(type, body);
    }

    /** The one byte N that refuses encryption, which is no message, as often as it comes. */
    void skipRefusals() throws IOException {
        in.mark(1);
        while (in.readByte() == 'N') {
            in.mark(1);
        }
        in.reset();
    }

    Message expect(char type) throws IOException {
        Message message = read();
        assertEquals(type, message.type(), message::text);
        return message;
    }

    /** Has the server send what it holds back, and reads the next message. */
    Message expectAfterFlush(char type) throws IOException {
        message('H', "");
        return expect(type);
    }

    Message readUntil(char type) throws IOException {
        Message message = read();
        while (message.type() != type) {
            message = read();
        }
        return message;
    }

    /** Types of the messages up to and with the next ReadyForQuery. */
    String typesUntilReady() throws IOException {
        StringBuilder types = new StringBuilder();
        do {
            types.append(read().type());
        } while (types.charAt(types.length() - 1) != 'Z');
        return types.toString();
    }

    /** The server has sent nothing more, and answers the next question as if nothing had been. */
    void assertNothingMore() throws IOException {
        message('S', "");
        assertEquals("Z", typesUntilReady());
    }

    /** The server has closed the connection and sent nothing before. */
    void assertClosed() throws IOException {
        assertEquals(-1, in.read());
    }

    static byte[] int32(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] concat(byte[]... parts) {
        int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
