package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/** Starts a server's sidecar again whenever that ends, as a service manager does in production. */
public final class SuperviseSidecar {
    private static final long PAUSE_SECONDS_MAX = 30;
    private static final long STABLE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final DevelopmentServer server;
    private final PrintStream out;

    private SuperviseSidecar(DevelopmentServer server, PrintStream out) {
        this.server = server;
        this.out = out;
    }

    /** Returns when the server is closed; ends of the sidecar are told on the stream. */
    public static void run(DevelopmentServer server, PrintStream out)
            throws IOException, InterruptedException {
        new SuperviseSidecar(server, out).supervise();
    }

    /** Does it in a thread of its own, which ends when the server is closed. */
    public static Thread inBackground(DevelopmentServer server, PrintStream out) {
        return Thread.ofPlatform()
                .daemon()
                .name("supervise-sidecar")
                .start(() -> {
                    try {
                        run(server, out);
                    } catch (IOException e) {
                        out.println("annex: the sidecar is not watched any more: " + e);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    private void supervise() throws IOException, InterruptedException {
        long pauseSeconds = 1;
        while (true) {
            long started = System.nanoTime();
            int status = server.awaitSidecarEnd();
            if (StopAtExit.isStopping(server)) {
                return;
            }
            if (System.nanoTime() - started > STABLE_NANOS) {
                pauseSeconds = 1;
            }
            out.printf(
                    "The sidecar ended with status %d (see %s); starting it again in %d s.%n",
                    status, server.sidecarLog(), pauseSeconds);
            TimeUnit.SECONDS.sleep(pauseSeconds);
            pauseSeconds = Math.min(PAUSE_SECONDS_MAX, pauseSeconds * 2);
            restart();
        }
    }

    private void restart() throws IOException, InterruptedException {
        try {
            server.startSidecar();
            out.println("The sidecar is running again.");
        } catch (IllegalStateException e) {
            out.println(e.getMessage());
        }
    }
}
