package io.annexdb.jdbc;

import java.util.Locale;

/** How fresh an answer has to be. */
public enum Consistency {
    /** Sees every commit that was acknowledged before the search began. The default. */
    STRONG,
    /** May miss the last commits, within the limit that the server is configured with. */
    BOUNDED,
    /** Whatever the index holds now; never waits. */
    EVENTUAL;

    String sqlName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
