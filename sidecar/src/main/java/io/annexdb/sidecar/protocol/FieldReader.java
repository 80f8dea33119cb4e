package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Takes fields off a message's body; whatever is not there is a protocol violation. */
final class FieldReader {
    private final ByteBuffer body;

    /** Reads a heap buffer from its position to its limit, and leaves it as it is. */
    FieldReader(ByteBuffer body) {
        this.body = body.duplicate();
    }

    byte int8() {
        need(1);
        return body.get();
    }

    int int16() {
        need(2);
        return Short.toUnsignedInt(body.getShort());
    }

    int int32() {
        need(4);
        return body.getInt();
    }

    /** UTF-8 up to a zero byte. */
    String string() {
        return text(stringBytes());
    }

    /** As {@link #string}, without decoding or copying it. */
    ByteBuffer stringBytes() {
        for (int i = body.position(); i < body.limit(); i++) {
            if (body.get(i) == 0) {
                ByteBuffer bytes = body.slice(body.position(), i - body.position());
                body.position(i + 1);
                return bytes;
            }
        }
        throw violation("a string has no end");
    }

    ByteBuffer bytes(int length) {
        if (length < 0) {
            throw violation("a length is " + length);
        }
        need(length);
        ByteBuffer bytes = body.slice(body.position(), length);
        body.position(body.position() + length);
        return bytes;
    }

    boolean atEnd() {
        return !body.hasRemaining();
    }

    void end() {
        if (body.hasRemaining()) {
            throw violation(body.remaining() + " bytes follow the message's last field");
        }
    }

    /** The rest, copied. */
    byte[] restBytes() {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    /** The rest, as UTF-8. */
    String rest() {
        return text(bytes(body.remaining()));
    }

    static String text(ByteBuffer bytes) {
        return new String(
                bytes.array(),
                bytes.arrayOffset() + bytes.position(),
                bytes.remaining(),
                StandardCharsets.UTF_8);
    }

    static AnnexException violation(String what) {
        return new AnnexException(ErrorCode.PROTOCOL_VIOLATION, "malformed message: " + what, null);
    }

    private void need(int length) {
        if (body.remaining() < length) {
            throw violation(
                    "it ends after "
                            + body.limit()
                            + " bytes, and a field needs "
                            + (length - body.remaining())
                            + " more");
        }
    }
}
