package io.annexdb.sidecar.filter;

import java.util.Arrays;

/** Canonical bytes of a value, compared by content, in the order of unsigned bytes. */
final class Bytes implements Comparable<Bytes> {
    private final byte[] value;

    Bytes(byte[] value) {
        this.value = value;
    }

    /** Not to be changed. */
    byte[] value() {
        return value;
    }

    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(value, other.value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(value);
    }
}
