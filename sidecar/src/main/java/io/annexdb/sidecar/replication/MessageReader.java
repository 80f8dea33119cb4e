package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads big-endian integers and NUL-terminated strings from part of a byte array and never beyond
 * it. Whatever does not fit is a PROTOCOL_VIOLATION with the position in it.
 */
final class MessageReader {
    private final ByteBuffer buffer;

    MessageReader(byte[] bytes, int start, int end) {
        this.buffer = ByteBuffer.wrap(bytes, start, end - start).order(ByteOrder.BIG_ENDIAN);
    }

    int position() {
        return buffer.position();
    }

    int remaining() {
        return buffer.remaining();
    }

    byte int8(String field) {
        need(1, field);
        return buffer.get();
    }

    short int16(String field) {
        need(2, field);
        return buffer.getShort();
    }

    int int32(String field) {
        need(4, field);
        return buffer.getInt();
    }

    /** An OID or a transaction number: 32 bits without a sign. */
    long unsigned32(String field) {
        return Integer.toUnsignedLong(int32(field));
    }

    long int64(String field) {
        need(8, field);
        return buffer.getLong();
    }

    /** A count or a length: not negative, and at most what remains divided by the least size. */
    int count(int value, int leastBytesEach, String field) {
        if (value < 0 || (long) value * leastBytesEach > remaining()) {
            throw contradiction(
                    field + " is " + value + ", only " + remaining() + " bytes are left");
        }
        return value;
    }

    void skip(int length, String field) {
        need(length, field);
        buffer.position(buffer.position() + length);
    }

    String string(String field) {
        byte[] bytes = buffer.array();
        int start = buffer.arrayOffset() + buffer.position();
        int limit = buffer.arrayOffset() + buffer.limit();
        int end = start;
        while (end < limit && bytes[end] != 0) {
            end++;
        }
        if (end == limit) {
            throw contradiction(field + " has no terminating zero byte");
        }
        buffer.position(buffer.position() + end - start + 1);
        return utf8(bytes, start, end - start, field, ErrorCode.PROTOCOL_VIOLATION);
    }

    void expectEnd() {
        if (buffer.hasRemaining()) {
            throw contradiction(remaining() + " bytes follow the end of the message");
        }
    }

    AnnexException contradiction(String what) {
        return violation(what + " (at byte " + position() + ")");
    }

    static AnnexException violation(String what) {
        return new AnnexException(
                ErrorCode.PROTOCOL_VIOLATION,
                "replication stream contradicts itself: " + what,
                "The connection is dropped and the transaction read again. If this repeats, check"
                        + " that the slot's plugin is pgoutput of an unmodified server.");
    }

    /** Strict UTF-8: what is not well-formed is an error of the given code, not a replacement. */
    static String utf8(byte[] bytes, int offset, int length, String field, ErrorCode code) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, offset, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new AnnexException(
                    code,
                    field + " is not valid UTF-8 (" + length + " bytes)",
                    "Check the encoding of the database; SQL_ASCII does not guarantee one.",
                    e);
        }
    }

    private void need(int length, String field) {
        if (length < 0 || length > buffer.remaining()) {
            throw contradiction(
                    field + " needs " + length + " bytes, only " + remaining() + " are left");
        }
    }
}
