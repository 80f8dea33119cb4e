package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.memory.Native;

/**
 * Layout of a block of {@value CodeKernel#BLOCK} codes: the columns as {@link CodeKernel} wants
 * them, then 64 floats <em>added</em>, 64 floats <em>stretch</em> and 64 slots, each + 1 so that 0
 * is an empty place; these three by rank.
 *
 * @param columns 64 bytes each
 */
record Block(int columns) {
    /** Codes of a block. */
    static final int CODES = CodeKernel.BLOCK;

    int bytes() {
        return columns * CODES + 3 * CODES * 4;
    }

    /** Where the factors begin in a block. */
    int factors() {
        return columns * CODES;
    }

    /** The slot of a rank, or -1 for an empty place. */
    int slot(long block, int rank) {
        return Native.getIntAcquire(slotAddress(block, rank)) - 1;
    }

    private long slotAddress(long block, int rank) {
        return block + factors() + (2L * CODES + rank) * 4;
    }

    /** Fills a place; readers see it when all of it is there. */
    void put(long block, int place, byte[] code, float added, float stretch, int slot) {
        for (int c = 0; c < columns; c++) {
            Native.putByte(block + (long) c * CODES + place, code[c]);
        }
        int rank = CodeKernel.rank(place);
        Native.putFloat(block + factors() + rank * 4L, added);
        Native.putFloat(block + factors() + (CODES + rank) * 4L, stretch);
        Native.putIntRelease(slotAddress(block, rank), slot + 1);
    }

    /** Makes a place empty whose row is not there any more. */
    void empty(long block, int rank) {
        Native.putIntRelease(slotAddress(block, rank), 0);
    }

    /** Copies a place of another block, for another slot. */
    void copy(long from, int place, byte[] room, long to, int toPlace, int slot) {
        for (int c = 0; c < columns; c++) {
            room[c] = Native.getByte(from + (long) c * CODES + place);
        }
        long factors = from + factors() + CodeKernel.rank(place) * 4L;
        put(
                to,
                toPlace,
                room,
                Native.getFloat(factors),
                Native.getFloat(factors + CODES * 4L),
                slot);
    }

    /** Zeroes all places from one on. */
    void clearFrom(long block, int place) {
        for (int p = place; p < CODES; p++) {
            for (int c = 0; c < columns; c++) {
                Native.putByte(block + (long) c * CODES + p, (byte) 0);
            }
            long factors = block + factors() + CodeKernel.rank(p) * 4L;
            Native.putInt(factors, 0);
            Native.putInt(factors + CODES * 4L, 0);
            Native.putInt(factors + 2 * CODES * 4L, 0);
        }
    }
}
