package io.annexdb.sidecar.endtoend;

import org.jspecify.annotations.Nullable;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Stands between a sidecar and its PostgreSQL, understands replication connections, and cuts one
 * before, in the middle of, or after a message of a kind. Other connections pass. Nothing may be
 * encrypted.
 *
 * <p>Kinds are {@code start X} for a message of type X before the stream, {@code pgoutput X} for a
 * change of type X in it, {@code keepalive}, and {@code status}, which the sidecar sends.
 */
final class CuttingProxy implements AutoCloseable {
    /** Begin of the change in XLogData: w, three positions of eight bytes. */
    private static final int CHANGE_OFFSET = 25;

    /** Where in a message the connection is cut. */
    enum Place {
        BEFORE,
        MIDDLE,
        AFTER
    }

    record Cut(String kind, Place place, CountDownLatch done) {}

    private final ServerSocket server;
    private final int target;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final Queue<Socket> walsenders = new ConcurrentLinkedQueue<>();
    private final Map<String, Integer> seen = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable Cut> armed = new AtomicReference<>();

    private CuttingProxy(ServerSocket server, int target) {
        this.server = server;
        this.target = target;
    }

    /** Starts one in front of a port of this machine. */
    static CuttingProxy start(int target) throws IOException {
        CuttingProxy proxy =
                new CuttingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
        Thread.ofVirtual().start(proxy::accept);
        return proxy;
    }

    int port() {
        return server.getLocalPort();
    }

    /** Cuts the next replication connection that comes to such a message, once. */
    Cut arm(String kind, Place place) {
        Cut cut = new Cut(kind, place, new CountDownLatch(1));
        armed.set(cut);
        return cut;
    }

    /** Cuts the replication connections there are. */
    void cutNow() throws IOException {
        for (Socket socket = walsenders.poll(); socket != null; socket = walsenders.poll()) {
            socket.close();
        }
    }

    /** How many messages of each kind have passed. */
    Map<String, Integer> seen() {
        return Map.copyOf(seen);
    }

    static boolean await(Cut cut, long seconds) throws InterruptedException {
        return cut.done.await(seconds, TimeUnit.SECONDS);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                Socket database = new Socket(InetAddress.getLoopbackAddress(), target);
                client.setTcpNoDelay(true);
                database.setTcpNoDelay(true);
                sockets.add(client);
                sockets.add(database);
                Thread.ofVirtual().start(() -> open(client, database));
            }
        } catch (IOException closed) {
            // The test is over.
            assert server.isClosed() : closed;
        }
    }

    private void open(Socket client, Socket database) {
        try (client;
                database) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            byte[] startup = untyped(in);
            database.getOutputStream().write(startup);
            String parameters = new String(startup, StandardCharsets.ISO_8859_1);
            if (parameters.contains("replication\0")) {
                walsenders.add(database);
                Conversation conversation = new Conversation(client, database);
                Thread.ofVirtual().start(() -> conversation.backend());
                conversation.frontend(in);
            } else {
                Thread.ofVirtual().start(() -> copy(database, client));
                in.transferTo(database.getOutputStream());
            }
        } catch (IOException ended) {
            // One side has closed, and so does the other.
            assert ended != null;
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException ended) {
            // As above.
            assert ended != null;
        }
    }

    /** The first message has no type. */
    private static byte[] untyped(DataInputStream in) throws IOException {
        int length = in.readInt();
        byte[] message = new byte[length];
        ByteBuffer.wrap(message).putInt(length);
        in.readFully(message, 4, length - 4);
        return message;
    }

    /** Both directions of one replication connection. */
    private final class Conversation {
        private final Socket client;
        private final Socket database;
        private volatile boolean streaming;

        Conversation(Socket client, Socket database) {
            this.client = client;
            this.database = database;
        }

        void backend() {
            try (client;
                    database) {
                DataInputStream in = new DataInputStream(database.getInputStream());
                OutputStream out = client.getOutputStream();
                boolean goesOn = true;
                while (goesOn) {
                    byte[] message = typed(in);
                    String kind = backendKind(message);
                    streaming |= message[0] == 'W';
                    goesOn = pass(kind, message, out);
                }
            } catch (IOException ended) {
                // As above.
                assert ended != null;
            }
        }

        void frontend(DataInputStream in) throws IOException {
            OutputStream out = database.getOutputStream();
            boolean goesOn = true;
            while (goesOn) {
                byte[] message = typed(in);
                boolean isStatus = streaming && message[0] == 'd' && message[5] == 'r';
                goesOn = pass(isStatus ? "status" : "question", message, out);
            }
        }

        private String backendKind(byte[] message) {
            if (!streaming || message[0] != 'd') {
                return "start " + (char) message[0];
            }
            return message[5] == 'k'
                    ? "keepalive"
                    : "pgoutput " + (char) message[5 + CHANGE_OFFSET];
        }

        /** False when this was the place to cut. */
        private boolean pass(String kind, byte[] message, OutputStream out) throws IOException {
            seen.merge(kind, 1, Integer::sum);
            Cut cut = armed.get();
            if (cut == null || !cut.kind.equals(kind) || !armed.compareAndSet(cut, null)) {
                out.write(message);
                return true;
            }
            int length =
                    switch (cut.place) {
                        case BEFORE -> 0;
                        case MIDDLE -> message.length / 2;
                        case AFTER -> message.length;
                    };
            out.write(message, 0, length);
            out.flush();
            client.close();
            database.close();
            cut.done.countDown();
            return false;
        }
    }

    private static byte[] typed(DataInputStream in) throws IOException {
        int type = in.read();
        if (type < 0) {
            throw new EOFException();
        }
        int length = in.readInt();
        byte[] message = new byte[length + 1];
        ByteBuffer.wrap(message).put((byte) type).putInt(length);
        in.readFully(message, 5, length - 4);
        return message;
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
