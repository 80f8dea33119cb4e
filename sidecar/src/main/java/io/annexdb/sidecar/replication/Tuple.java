package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;

/**
 * The column values of one row as they came: slices of the message's bytes, each NULL, an unchanged
 * out-of-line value that was not sent, text, or binary. Immutable; the bytes are not to be changed.
 */
public final class Tuple {
    static final byte NULL = 'n';
    static final byte UNCHANGED = 'u';
    static final byte TEXT = 't';
    static final byte BINARY = 'b';

    private final byte[] bytes;
    private final byte[] kinds;
    private final int[] offsets;
    private final int[] lengths;

    Tuple(byte[] bytes, byte[] kinds, int[] offsets, int[] lengths) {
        this.bytes = bytes;
        this.kinds = kinds;
        this.offsets = offsets;
        this.lengths = lengths;
    }

    public int size() {
        return kinds.length;
    }

    public boolean isNull(int column) {
        return kinds[column] == NULL;
    }

    /** True for a value stored out of line (TOAST) that the update did not touch. */
    public boolean isUnchanged(int column) {
        return kinds[column] == UNCHANGED;
    }

    boolean isBinary(int column) {
        return kinds[column] == BINARY;
    }

    byte[] bytes() {
        return bytes;
    }

    int offset(int column) {
        return offsets[column];
    }

    /** Length of the value in bytes; 0 for NULL and unchanged values. */
    public int length(int column) {
        return lengths[column];
    }

    /** A binary value as eight bytes make a number. */
    public long bigint(int column) {
        return binary(column, Long.BYTES).getLong();
    }

    /**
     * A binary value of a known length.
     *
     * @throws AnnexException DATA_CORRUPTED when it is another one
     */
    ByteBuffer binary(int column, int length) {
        if (!isBinary(column) || lengths[column] != length) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "column %d has %d bytes, expected %d"
                            .formatted(column, lengths[column], length),
                    null);
        }
        return ByteBuffer.wrap(bytes, offsets[column], length);
    }

    /** Bytes of all values together, for bounding queues. */
    long payloadBytes() {
        long sum = 0;
        for (int length : lengths) {
            sum += length;
        }
        return sum;
    }
}
