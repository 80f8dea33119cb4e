package io.annexdb.benchmarks.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.slf4j.LoggerFactory;

import java.util.List;

/** Keeps log lines, the libraries' and our own, out of what people read on the terminal. */
public final class QuietLogs {
    /** The second has a level of its own in the sidecar's logback.xml. */
    private static final List<String> LOGGERS = List.of(Logger.ROOT_LOGGER_NAME, "io.annexdb");

    private QuietLogs() {}

    /** From now on only errors are logged, unless the environment has ANNEX_TRACE. */
    public static void begin() {
        boolean trace = System.getenv("ANNEX_TRACE") != null;
        for (String name : LOGGERS) {
            if (LoggerFactory.getLogger(name) instanceof Logger logger) {
                logger.setLevel(trace ? Level.INFO : Level.ERROR);
            }
        }
    }
}
