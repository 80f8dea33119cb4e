package io.annexdb.sidecar.model;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The primary key (or replica identity) of a row: its columns' canonical text forms in key order,
 * so that {@code text::type} in SQL gives the value back.
 *
 * <p>Encoded as one byte string, a length (LEB128) and UTF-8 bytes per column: what the index
 * stores and hashes.
 */
public final class RowKey implements Comparable<RowKey> {
    private final byte[] encoded;

    private RowKey(byte[] encoded) {
        this.encoded = encoded;
    }

    public static RowKey of(List<String> columns) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String column : columns) {
            byte[] bytes = column.getBytes(StandardCharsets.UTF_8);
            int rest = bytes.length;
            while (rest >= 0x80) {
                out.write((rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            out.write(rest);
            out.writeBytes(bytes);
        }
        return new RowKey(out.toByteArray());
    }

    public static RowKey of(String... columns) {
        return of(List.of(columns));
    }

    /** Takes over bytes that {@link #encoded()} gave; the caller no longer changes them. */
    public static RowKey ofEncoded(byte[] encoded) {
        return new RowKey(encoded);
    }

    /** The encoded form; not to be changed. */
    public byte[] encoded() {
        return encoded;
    }

    /** The columns' text forms, in key order. */
    public List<String> columns() {
        List<String> columns = new ArrayList<>(2);
        int position = 0;
        while (position < encoded.length) {
            int length = 0;
            int shift = 0;
            byte next;
            do {
                next = encoded[position++];
                length |= (next & 0x7F) << shift;
                shift += 7;
            } while (next < 0);
            columns.add(new String(encoded, position, length, StandardCharsets.UTF_8));
            position += length;
        }
        return columns;
    }

    @Override
    public int compareTo(RowKey other) {
        return Arrays.compareUnsigned(encoded, other.encoded);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RowKey key && Arrays.equals(encoded, key.encoded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encoded);
    }

    @Override
    public String toString() {
        return columns().toString();
    }
}
