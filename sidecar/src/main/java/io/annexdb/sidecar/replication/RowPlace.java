package io.annexdb.sidecar.replication;

import java.nio.ByteBuffer;

/**
 * Where a row lies, PostgreSQL's {@code ctid}, as a number: 32 bits of block and 16 of its place
 * there. It is the row's as long as a snapshot that sees the row is kept. Pure.
 */
public final class RowPlace {
    private static final int PLACE_BITS = 16;

    private RowPlace() {}

    /** The last column of a tuple that was read with places. */
    public static long of(Tuple tuple) {
        ByteBuffer value = tuple.binary(tuple.size() - 1, Integer.BYTES + Short.BYTES);
        long block = Integer.toUnsignedLong(value.getInt());
        return block << PLACE_BITS | Short.toUnsignedInt(value.getShort());
    }

    static String text(long place) {
        return "(%d,%d)".formatted(place >>> PLACE_BITS, place & 0xFFFF);
    }
}
