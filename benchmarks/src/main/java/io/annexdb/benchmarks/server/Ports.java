package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * Where the three servers listen, all on the loopback address.
 *
 * @param postgres TCP port of PostgreSQL
 * @param sidecar TCP port on which the sidecar speaks the PostgreSQL protocol
 * @param http TCP port of the sidecar's metrics and health
 */
public record Ports(int postgres, int sidecar, int http) {
    private static final int PORT_MAX = 65_535;

    /**
     * Replaces each 0 by a free port, and checks that the others are free.
     *
     * @throws IllegalArgumentException naming the option of a port that is taken or out of range
     */
    public Ports resolve() {
        // All three are held at once, so that no two become the same.
        try (ServerSocket first = bind("--port", postgres);
                ServerSocket second = bind("--sidecar-port", sidecar);
                ServerSocket third = bind("--http-port", http)) {
            return new Ports(first.getLocalPort(), second.getLocalPort(), third.getLocalPort());
        } catch (IOException e) {
            throw new IllegalStateException("cannot look for free ports: " + e.getMessage(), e);
        }
    }

    private static ServerSocket bind(String option, int port) throws IOException {
        if (port < 0 || port > PORT_MAX) {
            throw new IllegalArgumentException(
                    option + " is " + port + ", allowed are 0 to " + PORT_MAX);
        }
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw new IllegalArgumentException(
                    "port " + port + " is taken; choose another with " + option, e);
        }
    }
}
