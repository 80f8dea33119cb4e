package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandService;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Listens, and keeps one thread per connection.
 *
 * <p>The connections' threads are platform threads: on loopback a round trip of {@code SELECT 1}
 * took 18 µs with them and 26 µs with virtual ones, which wake up by way of a poller and a carrier,
 * and a search occupies a core anyway. At the limit of 500 connections they cost little memory.
 *
 * <p>Three kinds of threads: one that accepts, one that looks every second for clients that are
 * late with their password or idle for too long, and the connections' own.
 */
public final class WireServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WireServer.class);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(4);
    private static final int BACKLOG = 512;

    /** Room beside the limit for logins and cancel requests in progress. */
    private static final int STRANGERS_MAX = 100;

    private final WireSettings settings;
    private final CommandService commands;
    private final Telemetry telemetry;
    private final SecureRandom random = new SecureRandom();
    private final Credentials credentials;
    private final ServerSocket listener;
    private final Map<Integer, Connection> connections = new ConcurrentHashMap<>();
    private final Map<Connection, Thread> threads = new ConcurrentHashMap<>();
    private final AtomicInteger admitted = new AtomicInteger();
    private int nextProcessId = 1;
    private volatile boolean stopping;

    private WireServer(
            WireSettings settings,
            CommandService commands,
            Telemetry telemetry,
            ServerSocket listener) {
        this.settings = settings;
        this.commands = commands;
        this.telemetry = telemetry;
        this.listener = listener;
        this.credentials = Credentials.of(settings.secret(), random);
    }

    /**
     * Listens and serves until {@link #close}.
     *
     * @throws IOException if the address cannot be listened on
     */
    public static WireServer start(
            WireSettings settings, CommandService commands, Telemetry telemetry)
            throws IOException {
        ServerSocket listener = new ServerSocket();
        try {
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(settings.host(), settings.port()), BACKLOG);
        } catch (IOException e) {
            listener.close();
            throw new IOException(
                    "cannot listen on " + settings.host() + ":" + settings.port() + ": " + e, e);
        }
        WireServer server = new WireServer(settings, commands, telemetry, listener);
        Thread.ofPlatform().name("annex-wire-accept").daemon().start(server::accept);
        Thread.ofPlatform().name("annex-wire-reap").daemon().start(server::reap);
        LOG.info("listening for clients on {}:{}", settings.host(), server.port());
        return server;
    }

    /** The port, also when any free one was asked for. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Tells every client that the sidecar stops, and returns within five seconds. */
    @Override
    public void close() {
        stopping = true;
        try {
            listener.close();
        } catch (IOException e) {
            LOG.warn("the listener does not close: {}", e.toString());
        }
        AnnexException reason =
                new AnnexException(
                        ErrorCode.ADMIN_SHUTDOWN,
                        "terminating connection because the sidecar is stopping",
                        null);
        connections.values().forEach(connection -> connection.stop(reason));
        awaitEnd(System.nanoTime() + STOP_TIMEOUT.toNanos());
        connections.values().forEach(Connection::abort);
    }

    CommandService commands() {
        return commands;
    }

    ScramExchange scram(String user) {
        return new ScramExchange(credentials, user, random);
    }

    void cancel(int processId, int secret) {
        Connection connection = connections.get(processId);
        if (connection != null) {
            connection.cancel(secret);
        }
    }

    /** Refuses before the password is asked for, to spare both sides the work. */
    void checkRoom() {
        if (admitted.get() >= settings.connectionLimit()) {
            throw tooMany();
        }
    }

    /** Counts a client that has proven its password. */
    void admit(Connection connection) {
        if (admitted.incrementAndGet() > settings.connectionLimit()) {
            admitted.decrementAndGet();
            throw tooMany();
        }
        LOG.debug("connection {} authenticated", connection.processId());
    }

    void closed(Connection connection) {
        if (connections.remove(connection.processId()) != null) {
            threads.remove(connection);
            telemetry.connectionClosed();
            if (connection.isAuthenticated()) {
                admitted.decrementAndGet();
            }
        }
    }

    void authenticationFailed(SocketAddress address) {
        telemetry.authenticationFailed();
        LOG.warn("wrong user or password from {}", address);
    }

    private AnnexException tooMany() {
        telemetry.connectionRefused();
        return new AnnexException(
                ErrorCode.TOO_MANY_CONNECTIONS,
                "sorry, too many clients already: " + settings.connectionLimit(),
                "Raise listen.connection-limit, or close idle connections.");
    }

    private void accept() {
        while (!stopping) {
            try {
                open(listener.accept());
            } catch (IOException e) {
                if (!stopping) {
                    LOG.warn("a connection was not accepted: {}", e.toString());
                    pause(100);
                }
            }
        }
    }

    private void open(Socket socket) throws IOException {
        if (connections.size() >= settings.connectionLimit() + STRANGERS_MAX) {
            telemetry.connectionRefused();
            socket.close();
            return;
        }
        // Answers are small and complete; waiting for more of them would only delay the client.
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        serve(new Connection(this, socket, nextProcessId++, random.nextInt()));
    }

    private void serve(Connection connection) {
        Thread thread =
                Thread.ofPlatform()
                        .name("annex-wire-" + connection.processId())
                        .daemon()
                        .unstarted(connection);
        connections.put(connection.processId(), connection);
        threads.put(connection, thread);
        telemetry.connectionOpened();
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            LOG.error("no thread for another connection; the operating system's limit?", e);
            connection.abort();
            closed(connection);
        }
        if (stopping) {
            connection.abort();
        }
    }

    private void reap() {
        AnnexException idle =
                new AnnexException(
                        ErrorCode.ADMIN_SHUTDOWN,
                        "terminating connection because it was idle for "
                                + settings.idleTimeout().toSeconds()
                                + " s",
                        "The limit is listen.idle-timeout-seconds.");
        while (!stopping) {
            long now = System.nanoTime();
            for (Connection connection : connections.values()) {
                if (!connection.isAuthenticated()) {
                    if (now - connection.openedNanos()
                            > settings.authenticationTimeout().toNanos()) {
                        connection.abort();
                    }
                } else if (settings.idleTimeout().isPositive()
                        && connection.waitingSinceNanos() != Long.MAX_VALUE
                        && now - connection.waitingSinceNanos()
                                > settings.idleTimeout().toNanos()) {
                    connection.stop(idle);
                }
            }
            pause(1_000);
        }
    }

    private void awaitEnd(long deadlineNanos) {
        for (Thread thread : threads.values()) {
            long millis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            try {
                if (millis > 0) {
                    thread.join(millis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
