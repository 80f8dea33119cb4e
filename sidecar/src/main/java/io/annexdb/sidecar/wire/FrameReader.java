package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.protocol.DecodeMessage;
import io.annexdb.sidecar.protocol.DecodeStartup;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts the incoming bytes into messages, in one buffer that is used again for each. The buffer
 * grows as bytes arrive, never because a length was announced.
 */
final class FrameReader {
    private static final int CAPACITY_INITIAL = 16_384;
    private static final int CAPACITY_KEPT = 1 << 20;

    private final InputStream in;
    private byte[] buffer = new byte[CAPACITY_INITIAL];
    private int start;
    private int end;
    private byte type;

    FrameReader(InputStream in) {
        this.in = in;
    }

    /**
     * The first byte that comes, which stays to be read.
     *
     * @return -1 when the client has closed the connection before it
     */
    int peek() throws IOException {
        if (start == end && !fill()) {
            return -1;
        }
        return buffer[start] & 0xFF;
    }

    /** What has come and was not read yet; it is read with this. */
    byte[] takeBuffered() {
        byte[] bytes = Arrays.copyOfRange(buffer, start, end);
        start = end;
        return bytes;
    }

    /** The body of a message without a type, the first on a connection. */
    ByteBuffer startup() throws IOException {
        need(4);
        int length = DecodeStartup.bodyLength(int32(start));
        start += 4;
        return take(length);
    }

    /**
     * Waits for the next message's type.
     *
     * @return false when the client has closed the connection between two messages
     */
    boolean next() throws IOException {
        if (start == end) {
            if (buffer.length > CAPACITY_KEPT) {
                buffer = new byte[CAPACITY_INITIAL];
            }
            start = 0;
            end = 0;
            if (!fill()) {
                return false;
            }
        }
        type = buffer[start++];
        return true;
    }

    byte type() {
        return type;
    }

    /** The body of the message whose type came; valid until the next call. */
    ByteBuffer body(int lengthMax) throws IOException {
        need(4);
        int length = DecodeMessage.bodyLength(int32(start), lengthMax);
        start += 4;
        return take(length);
    }

    private ByteBuffer take(int length) throws IOException {
        need(length);
        ByteBuffer body = ByteBuffer.wrap(buffer, start, length).slice();
        start += length;
        return body;
    }

    private void need(int length) throws IOException {
        while (end - start < length) {
            makeRoom(length);
            if (!fill()) {
                throw new EOFException("the connection ended inside a message");
            }
        }
    }

    /** Moves what is unread to the front, or doubles the buffer, when the end is reached. */
    private void makeRoom(int length) {
        if (start > 0 && buffer.length - start < length) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.min(buffer.length * 2, length));
        }
    }

    private boolean fill() throws IOException {
        int read = in.read(buffer, end, buffer.length - end);
        if (read < 0) {
            return false;
        }
        end += read;
        return true;
    }

    private int int32(int at) {
        return ByteBuffer.wrap(buffer, at, 4).getInt();
    }
}
