package io.annexdb.sidecar.model;

/**
 * A position in PostgreSQL's write-ahead log, compared as an unsigned 64-bit number of bytes.
 *
 * @param value the byte position
 */
public record Lsn(long value) implements Comparable<Lsn> {
    /** {@code 0/0}: before everything, and "no position" on the wire. */
    public static final Lsn ZERO = new Lsn(0);

    /**
     * Reads PostgreSQL's text form.
     *
     * @param text two hexadecimal halves, as in {@code 16/B374D848}
     * @throws IllegalArgumentException if the text has another form
     */
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 1 || slash > 8 || text.length() - slash - 1 < 1 || text.length() - slash > 9) {
            throw new IllegalArgumentException(
                    "not an LSN: '" + text + "', expected for example 16/B374D848");
        }
        long high = Long.parseUnsignedLong(text.substring(0, slash), 16);
        long low = Long.parseUnsignedLong(text.substring(slash + 1), 16);
        return new Lsn((high << 32) | low);
    }

    public boolean isAtLeast(Lsn other) {
        return compareTo(other) >= 0;
    }

    public Lsn max(Lsn other) {
        return isAtLeast(other) ? this : other;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    /** PostgreSQL's text form, for example {@code 16/B374D848}. */
    @Override
    public String toString() {
        return Long.toHexString(value >>> 32).toUpperCase(java.util.Locale.ROOT)
                + "/"
                + Long.toHexString(value & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
    }
}
