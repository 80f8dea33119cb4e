package io.annexdb.sidecar.endtoend;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

/** Passes bytes on to a port, until it is frozen: then it holds them, as a stopped process does. */
final class FreezingProxy implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private volatile CountDownLatch thawed = new CountDownLatch(0);

    private FreezingProxy(ServerSocket server, int target) {
        this.server = server;
        this.target = target;
    }

    static FreezingProxy to(int port) throws IOException {
        FreezingProxy proxy =
                new FreezingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
        Thread.ofVirtual().start(proxy::accept);
        return proxy;
    }

    int port() {
        return server.getLocalPort();
    }

    void freeze() {
        thawed = new CountDownLatch(1);
    }

    void thaw() {
        thawed.countDown();
    }

    private void accept() {
        try {
            while (true) {
                Socket from = server.accept();
                Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(from);
                sockets.add(to);
                Thread.ofVirtual().start(() -> pass(from, to));
                Thread.ofVirtual().start(() -> pass(to, from));
            }
        } catch (IOException closed) {
            // The test is over.
            assert server.isClosed() : closed;
        }
    }

    private void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.setTcpNoDelay(true);
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8_192];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                thawed.await();
                out.write(buffer, 0, n);
            }
        } catch (IOException | InterruptedException ended) {
            // One side has closed, and so does the other.
            assert ended != null;
        }
    }

    @Override
    public void close() throws IOException {
        thaw();
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
