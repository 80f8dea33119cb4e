package io.annexdb.jdbc;

import java.util.Locale;

/** What a search does when the index cannot answer, for example because its sidecar is down. */
public enum Fallback {
    /** Scans the table with exact SQL and raises a warning. The server's default. */
    EXACT,
    /** Fails with {@link IndexUnavailableException}. */
    ERROR;

    String sqlName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
