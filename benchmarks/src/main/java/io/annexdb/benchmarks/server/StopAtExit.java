package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * Stops a server when the process is asked to end, by Ctrl-C or SIGTERM.
 *
 * <p>Ctrl-C reaches the sidecar's process at the same moment, and what is under way fails as its
 * connections go; none of that is news then.
 */
public final class StopAtExit {
    private static final long SIGNAL_ARRIVES_MILLIS = 500;

    private StopAtExit() {}

    /** What may fail because the server is being stopped. */
    public interface Work {
        void run() throws Exception;
    }

    /** Closes the server at the end of the process, unless it is closed already. */
    public static void register(DevelopmentServer server) {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    try {
                                        server.close();
                                    } catch (IOException e) {
                                        System.err.println("annex: " + e.getMessage());
                                    }
                                },
                                "stop-at-exit"));
    }

    /** Runs something, and leaves out its failure if the process is ending. */
    public static void unlessStopping(DevelopmentServer server, Work work) throws Exception {
        try {
            work.run();
        } catch (Exception e) {
            if (!isStopping(server)) {
                throw e;
            }
        }
    }

    /** Whether the process is ending; waits a moment for a signal that is on its way here. */
    public static boolean isStopping(DevelopmentServer server) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(SIGNAL_ARRIVES_MILLIS);
        return server.isClosed();
    }
}
