package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Rows of {@code COPY … (FORMAT binary)}: an 11-byte signature, flags i32, an extension of i32
 * bytes; then per row a column count i16 and per column a length i32 (-1 for NULL) and so many
 * bytes; at the end a count of -1. Every length is checked before it is believed.
 */
final class BinaryCopy {
    private static final byte[] SIGNATURE = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0
    };

    /** PostgreSQL's own limit of a value. */
    private static final int VALUE_BYTES_MAX = 1 << 30;

    private final DataInputStream in;
    private final int columns;
    private byte[] row = new byte[8_192];

    /** Reads the header. */
    BinaryCopy(InputStream stream, int columns) throws IOException {
        this.in = new DataInputStream(stream);
        this.columns = columns;
        byte[] signature = in.readNBytes(SIGNATURE.length);
        if (!Arrays.equals(signature, SIGNATURE)) {
            throw corrupted("COPY does not begin with its signature");
        }
        in.readInt();
        int extension = in.readInt();
        if (extension < 0 || extension > 1 << 16) {
            throw corrupted("COPY header extension of " + extension + " bytes");
        }
        in.skipNBytes(extension);
    }

    /** The next row, valid until the next call; null at the end. */
    @Nullable Tuple next() throws IOException {
        short count = in.readShort();
        if (count == -1) {
            return null;
        }
        if (count != columns) {
            throw corrupted("COPY row of " + count + " columns, expected " + columns);
        }
        byte[] kinds = new byte[count];
        int[] offsets = new int[count];
        int[] lengths = new int[count];
        int used = 0;
        for (int i = 0; i < count; i++) {
            int length = in.readInt();
            kinds[i] = length == -1 ? Tuple.NULL : Tuple.BINARY;
            offsets[i] = used;
            lengths[i] = Math.max(length, 0);
            used = read(length, used);
        }
        return new Tuple(row, kinds, offsets, lengths);
    }

    private int read(int length, int used) throws IOException {
        if (length == -1) {
            return used;
        }
        if (length < 0 || length > VALUE_BYTES_MAX - used) {
            throw corrupted("COPY value of " + length + " bytes");
        }
        int end = used + length;
        int at = used;
        while (at < end) {
            if (at == row.length) {
                // Doubled by what has come, not by what was announced.
                row = Arrays.copyOf(row, (int) Math.min(row.length * 2L, VALUE_BYTES_MAX));
            }
            int next = Math.min(end, row.length);
            in.readFully(row, at, next - at);
            at = next;
        }
        return end;
    }

    private static AnnexException corrupted(String what) {
        return new AnnexException(ErrorCode.DATA_CORRUPTED, what, null);
    }
}
