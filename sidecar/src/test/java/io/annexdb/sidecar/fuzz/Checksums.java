package io.annexdb.sidecar.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The places of the checksums in a valid file, found by computing: where what comes is the CRC32C
 * of all before. With them a mutated file gets right checksums, so that what is behind them is
 * reached.
 */
public final class Checksums {
    private final ByteOrder order;
    private final int bytes;
    private final boolean coversOthers;
    private final List<Integer> places = new ArrayList<>();

    /**
     * Finds them.
     *
     * @param valid a whole file
     * @param bytes of a checksum: 4, or 8 with zeros in front
     * @param coversOthers whether checksums are themselves part of what later ones cover
     */
    public Checksums(byte[] valid, ByteOrder order, int bytes, boolean coversOthers) {
        this.order = order;
        this.bytes = bytes;
        this.coversOthers = coversOthers;
        CRC32C crc = new CRC32C();
        int at = 0;
        while (at < valid.length) {
            boolean isChecksum =
                    at > 0 && at + bytes <= valid.length && stored(valid, at) == crc.getValue();
            if (isChecksum) {
                places.add(at);
            }
            int length = isChecksum ? bytes : 1;
            if (!isChecksum || coversOthers) {
                crc.update(valid, at, length);
            }
            at += length;
        }
    }

    public int count() {
        return places.size();
    }

    /** Makes the checksums right, as far as they lie where they lay; the array is changed. */
    public byte[] repair(byte[] mutated) {
        CRC32C crc = new CRC32C();
        int from = 0;
        for (int place : places) {
            if (place + bytes > mutated.length) {
                return mutated;
            }
            crc.update(mutated, from, place - from);
            ByteBuffer out = ByteBuffer.wrap(mutated).order(order);
            if (bytes == Integer.BYTES) {
                out.putInt(place, (int) crc.getValue());
            } else {
                out.putLong(place, crc.getValue());
            }
            from = coversOthers ? place : place + bytes;
        }
        return mutated;
    }

    private long stored(byte[] valid, int at) {
        ByteBuffer in = ByteBuffer.wrap(valid).order(order);
        return bytes == Integer.BYTES ? Integer.toUnsignedLong(in.getInt(at)) : in.getLong(at);
    }
}
