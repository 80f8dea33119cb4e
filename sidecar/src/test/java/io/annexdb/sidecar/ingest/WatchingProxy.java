package io.annexdb.sidecar.ingest;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * Stands between a follower and its server, counts what the server sends, and lets a test do
 * something at the moment at which the follower asks for something.
 */
final class WatchingProxy implements AutoCloseable {
    private final ServerSocket listening;
    private final int serverPort;
    private final LongAdder sentBytes = new LongAdder();
    private final AtomicReference<@Nullable Intervention> intervention = new AtomicReference<>();

    /** What a test does, once. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    private record Intervention(String asked, Action action, CompletableFuture<Void> done) {}

    WatchingProxy(int serverPort) throws IOException {
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.serverPort = serverPort;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** What the server has sent since this was asked last. */
    long sentBytes() {
        return sentBytes.sumThenReset();
    }

    /**
     * Does something when the next statement with this in it is sent, before the server gets it.
     *
     * @return completed when it is done, or has failed
     */
    CompletableFuture<Void> beforeNext(String asked, Action action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        intervention.set(new Intervention(asked, action, done));
        return done;
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                Thread.ofVirtual().start(() -> pass(client, server, this::asked));
                Thread.ofVirtual().start(() -> pass(server, client, this::sent));
            } catch (IOException e) {
                // It is closed, or a server that does not take more.
            }
        }
    }

    /** Told of bytes before they are passed on. */
    private interface Watch {
        void seen(byte[] buffer, int length);
    }

    private void sent(byte[] buffer, int length) {
        sentBytes.add(length);
    }

    private void asked(byte[] buffer, int length) {
        Intervention due = intervention.get();
        if (due != null
                && new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains(due.asked)
                && intervention.compareAndSet(due, null)) {
            try {
                due.action.run();
                due.done.complete(null);
            } catch (Exception | AssertionError e) {
                due.done.completeExceptionally(e);
            }
        }
    }

    private static void pass(Socket from, Socket to, Watch watch) {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                watch.seen(buffer, read);
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // One of both has gone, and takes the other along.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
