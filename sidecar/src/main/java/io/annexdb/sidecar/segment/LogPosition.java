package io.annexdb.sidecar.segment;

/**
 * A place in a log, between two records.
 *
 * @param bytes from the beginning of the file
 * @param chain what became of the checksums of all records before, in their order: of two logs, or
 *     of two versions of one, that agree here, what lies before is the same
 */
public record LogPosition(long bytes, long chain) {
    private static final long FACTOR = 0x9E3779B97F4A7C15L;

    /** Behind the header of a log of that fingerprint. */
    static LogPosition start(long fingerprint) {
        return new LogPosition(LogFormat.HEADER_BYTES, fingerprint);
    }

    /** What a chain becomes with one record more. */
    static long next(long chain, int checksum) {
        return (Long.rotateLeft(chain, 29) ^ (checksum & 0xFFFF_FFFFL)) * FACTOR;
    }
}
