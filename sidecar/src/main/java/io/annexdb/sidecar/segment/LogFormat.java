package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The bytes of a shard's log, little-endian.
 *
 * <pre>
 * header, 32 bytes: long magic "ANNEXLOG", int version, int 0, long fingerprint, int 0, int CRC32C
 * record:           int length of the body, int CRC32C of the body, body
 * body:             byte type, then
 *   1 PUT           key, namespace, attributes, int dimension and element type, elements
 *   2 DELETE        key
 *   3 TRUNCATE
 *   4 REKEY         key, key, namespace, attributes
 *   5 COMMIT        long LSN
 *   6 LOADED        long LSN
 * key, namespace:   int length, bytes; length -1 is no namespace
 * element type:     in the upper 8 bits: 0 float32, 1 float16, 2 bits, the first in the lowest place
 * attributes:       short columns, then per column: byte 0 unknown, 1 NULL, 2 and a long,
 *                   3 and int length, bytes
 * </pre>
 *
 * A log of another version is dropped, and the index is built again from its table. Version 1 had
 * no attributes.
 */
final class LogFormat {
    static final int HEADER_BYTES = 32;
    static final int RECORD_HEADER_BYTES = 8;

    /** A longer body is not one: the largest vector has 16,000 elements, a key some kilobytes. */
    static final int BODY_BYTES_MAX = 64 << 20;

    static final byte PUT = 1;
    static final byte DELETE = 2;
    static final byte TRUNCATE = 3;
    static final byte REKEY = 4;
    static final byte COMMIT = 5;
    static final byte LOADED = 6;

    private static final byte ATTRIBUTE_UNKNOWN = 0;
    private static final byte ATTRIBUTE_NULL = 1;
    private static final byte ATTRIBUTE_NUMBER = 2;
    private static final byte ATTRIBUTE_BYTES = 3;

    private static final long MAGIC = 0x474F4C58454E4E41L;
    private static final int VERSION = 2;
    private static final int DIMENSION_BITS = 24;

    private LogFormat() {}

    static ByteBuffer header(long fingerprint) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(MAGIC).putInt(VERSION).putInt(0).putLong(fingerprint).putInt(0);
        header.putInt(checksum(header.duplicate().flip()));
        return header.flip();
    }

    /**
     * @throws AnnexException {@link ErrorCode#DATA_CORRUPTED} with the reason why the file is of no
     *     use
     */
    static void checkHeader(ByteBuffer header, long fingerprint) {
        if (header.remaining() < HEADER_BYTES) {
            throw unusable("its header is cut off after " + header.remaining() + " bytes");
        }
        int checksum = checksum(header.duplicate().limit(header.position() + HEADER_BYTES - 4));
        long magic = header.getLong();
        int version = header.getInt();
        header.getInt();
        long found = header.getLong();
        header.getInt();
        if (magic != MAGIC || header.getInt() != checksum) {
            throw unusable("its header is damaged");
        }
        if (version != VERSION) {
            throw unusable("it has format version " + version + ", known is " + VERSION);
        }
        if (found != fingerprint) {
            throw unusable("it belongs to another definition of the index");
        }
    }

    /** What a header says, whatever it says; to be checked afterwards. */
    static long fingerprint(ByteBuffer header) {
        return header.remaining() < HEADER_BYTES ? 0 : header.getLong(header.position() + 16);
    }

    static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /**
     * Gives one record's body to the log.
     *
     * @throws java.nio.BufferUnderflowException if the body, in spite of its checksum, is cut off
     */
    static void decode(ByteBuffer body, ShardLog log) {
        byte type = body.get();
        switch (type) {
            case PUT -> {
                RowKey key = key(body);
                String namespace = namespace(body);
                AttributeRow attributes = attributes(body);
                log.put(key, namespace, attributes, vector(body));
            }
            case DELETE -> log.delete(key(body));
            case TRUNCATE -> log.truncate();
            case REKEY -> log.rekey(key(body), key(body), namespace(body), attributes(body));
            case COMMIT -> log.commit(new Lsn(body.getLong()));
            case LOADED -> log.loaded(new Lsn(body.getLong()));
            default -> throw unusable("it has a record of unknown type " + type);
        }
    }

    static AnnexException unusable(String reason) {
        return new AnnexException(
                ErrorCode.DATA_CORRUPTED,
                "the log of the index cannot be used: " + reason,
                "The index is built again from its table.");
    }

    private static RowKey key(ByteBuffer body) {
        byte[] key = new byte[boundedLength(body.getInt(), body.remaining())];
        body.get(key);
        return RowKey.ofEncoded(key);
    }

    /** Dimension and element type in one number. */
    static int shape(ElementType elements, int dimension) {
        int code =
                switch (elements) {
                    case FLOAT32 -> 0;
                    case FLOAT16 -> 1;
                    case BIT -> 2;
                    case INT8 -> throw new IllegalArgumentException("no column has " + elements);
                };
        return code << DIMENSION_BITS | dimension;
    }

    private static float[] vector(ByteBuffer body) {
        int shape = body.getInt();
        ElementType elements =
                switch (shape >>> DIMENSION_BITS) {
                    case 0 -> ElementType.FLOAT32;
                    case 1 -> ElementType.FLOAT16;
                    case 2 -> ElementType.BIT;
                    default -> throw unusable("a vector has elements of type " + shape);
                };
        int most = (int) Math.min(Integer.MAX_VALUE, body.remaining() * 8L / elements.bits());
        int dimension = boundedLength(shape & (1 << DIMENSION_BITS) - 1, most);
        return VectorBytes.get(elements, body, dimension);
    }

    private static @Nullable String namespace(ByteBuffer body) {
        int length = body.getInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[boundedLength(length, body.remaining())];
        body.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Bytes that {@link #putAttributes} writes. */
    static int length(AttributeRow row) {
        int bytes = 2;
        for (int i = 0; i < row.size(); i++) {
            if (row.state(i) == AttributeRow.State.VALUE) {
                bytes += row.isBytes(i) ? 5 + row.value(i).length : 9;
            } else {
                bytes++;
            }
        }
        return bytes;
    }

    static void putAttributes(ByteBuffer body, AttributeRow row) {
        body.putShort((short) row.size());
        for (int i = 0; i < row.size(); i++) {
            switch (row.state(i)) {
                case VALUE -> {
                    if (row.isBytes(i)) {
                        byte[] value = row.value(i);
                        body.put(ATTRIBUTE_BYTES).putInt(value.length).put(value);
                    } else {
                        body.put(ATTRIBUTE_NUMBER).putLong(row.number(i));
                    }
                }
                case NULL -> body.put(ATTRIBUTE_NULL);
                case UNKNOWN, UNCHANGED -> body.put(ATTRIBUTE_UNKNOWN);
            }
        }
    }

    private static AttributeRow attributes(ByteBuffer body) {
        int columns = boundedLength(body.getShort(), body.remaining());
        if (columns == 0) {
            return AttributeRow.NONE;
        }
        AttributeRow.Builder row = new AttributeRow.Builder(columns);
        for (int i = 0; i < columns; i++) {
            byte kind = body.get();
            switch (kind) {
                case ATTRIBUTE_UNKNOWN -> row.absent(i, AttributeRow.State.UNKNOWN);
                case ATTRIBUTE_NULL -> row.absent(i, AttributeRow.State.NULL);
                case ATTRIBUTE_NUMBER -> row.number(i, body.getLong());
                case ATTRIBUTE_BYTES -> {
                    byte[] value = new byte[boundedLength(body.getInt(), body.remaining())];
                    body.get(value);
                    row.value(i, value);
                }
                default -> throw unusable("it has an attribute of unknown kind " + kind);
            }
        }
        return row.build();
    }

    private static int boundedLength(int length, int most) {
        if (length < 0 || length > most) {
            throw unusable("a record says " + length + " where at most " + most + " can be");
        }
        return length;
    }
}
