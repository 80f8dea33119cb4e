package io.annexdb.sidecar.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.LongAdder;

/** Stands between a follower and its server, and counts what the server sends. */
final class CountingProxy implements AutoCloseable {
    private final ServerSocket listening;
    private final int serverPort;
    private final LongAdder sentBytes = new LongAdder();

    CountingProxy(int serverPort) throws IOException {
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

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                Thread.ofVirtual().start(() -> pass(client, server, new LongAdder()));
                Thread.ofVirtual().start(() -> pass(server, client, sentBytes));
            } catch (IOException e) {
                // It is closed, or a server that does not take more.
            }
        }
    }

    private static void pass(Socket from, Socket to, LongAdder bytes) {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                bytes.add(read);
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
