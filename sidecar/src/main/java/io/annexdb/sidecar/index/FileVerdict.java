package io.annexdb.sidecar.index;

/**
 * What was found of one file.
 *
 * @param file its path within the data directory
 * @param verdict in a word
 * @param bytes its length; 0 when it is not there
 * @param detail what it holds, or what is wrong with it
 */
public record FileVerdict(String file, Verdict verdict, long bytes, String detail) {
    /** Whether a restart can rely on the file. */
    public enum Verdict {
        GOOD,
        /** Whole, but of rows or of a log that a restart does not use. */
        UNUSED,
        DAMAGED,
        MISSING,
        /** Not there, and made again from the log, or from an older file, without any loss. */
        ABSENT
    }

    /** Whether something is lost. */
    public boolean isBad() {
        return switch (verdict) {
            case GOOD, UNUSED, ABSENT -> false;
            case DAMAGED, MISSING -> true;
        };
    }
}
