package io.annexdb.benchmarks.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.slf4j.LoggerFactory;

/** Keeps the libraries' log lines out of what people read on the terminal. */
public final class QuietLogs {
    private QuietLogs() {}

    /** From now on only errors are logged, unless the environment has ANNEX_TRACE. */
    public static void begin() {
        boolean trace = System.getenv("ANNEX_TRACE") != null;
        if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME) instanceof Logger root) {
            root.setLevel(trace ? Level.INFO : Level.ERROR);
        }
    }
}
