package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandService;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.telemetry.Telemetry;

import jdk.net.ExtendedSocketOptions;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
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

    /** A half-open connection is found out after KEEP_IDLE + KEEP_COUNT * KEEP_INTERVAL seconds. */
    private static final int KEEP_IDLE_SECONDS = 60;

    private static final int KEEP_INTERVAL_SECONDS = 10;
    private static final int KEEP_COUNT = 6;

    private final WireSettings settings;
    private final CommandService commands;
    private final Telemetry telemetry;
    private final SecureRandom random = new SecureRandom();
    private final Credentials credentials;
    private final LoginBackOff backOff = new LoginBackOff();
    private final Strangers<Connection> strangers;
    private final Optional<TlsFiles> tls;
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
            Optional<TlsFiles> tls,
            ServerSocket listener) {
        this.settings = settings;
        this.commands = commands;
        this.telemetry = telemetry;
        this.tls = tls;
        this.listener = listener;
        this.strangers = new Strangers<>(settings.limits().logins());
        this.credentials = Credentials.of(settings.secret(), random);
    }

    /**
     * Listens and serves until {@link #close}.
     *
     * @throws IOException if the address cannot be listened on
     * @throws AnnexException CONFIGURATION if the files for TLS do not serve
     */
    public static WireServer start(
            WireSettings settings, CommandService commands, Telemetry telemetry)
            throws IOException {
        Optional<TlsFiles> tls = settings.tls().map(files -> TlsFiles.open(files, telemetry));
        ServerSocket listener = new ServerSocket();
        try {
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(settings.host(), settings.port()), BACKLOG);
        } catch (IOException e) {
            listener.close();
            throw new IOException(
                    "cannot listen on " + settings.host() + ":" + settings.port() + ": " + e, e);
        }
        WireServer server = new WireServer(settings, commands, telemetry, tls, listener);
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

    WireSettings.Limits limits() {
        return settings.limits();
    }

    Optional<TlsFiles> tls() {
        return tls;
    }

    ScramExchange scram(String user, boolean isBound, Optional<byte[]> binding) {
        return new ScramExchange(credentials, user, random, isBound, binding);
    }

    /** Makes a client wait whose address has failed before. */
    void awaitTurn(ClientAddress address) throws IOException {
        if (backOff.delayMillis(address) > 0) {
            telemetry.loginDelayed();
        }
        try {
            backOff.await(address);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted before a login");
        }
    }

    void cancel(int processId, byte[] key) {
        Connection connection = connections.get(processId);
        if (connection != null) {
            connection.cancel(key);
        }
    }

    /** A key that nobody can guess, for a connection's cancel requests. */
    byte[] cancelKey(int bytes) {
        byte[] key = new byte[bytes];
        random.nextBytes(key);
        return key;
    }

    /** Refuses before the password is asked for, to spare both sides the work. */
    void checkRoom() {
        if (admitted.get() >= settings.limits().connections()) {
            throw tooMany();
        }
    }

    /** Counts a client that has proven its password. */
    void admit(Connection connection, ClientAddress address) {
        backOff.succeeded(address);
        if (admitted.incrementAndGet() > settings.limits().connections()) {
            admitted.decrementAndGet();
            throw tooMany();
        }
        strangers.remove(connection);
        LOG.debug("connection {} authenticated", connection.processId());
    }

    void closed(Connection connection) {
        strangers.remove(connection);
        if (connections.remove(connection.processId()) != null) {
            threads.remove(connection);
            telemetry.connectionClosed();
            if (connection.isAuthenticated()) {
                admitted.decrementAndGet();
            }
        }
    }

    void expired() {
        telemetry.connectionExpired();
    }

    /** Logged ever more rarely, so that guessing does not fill the disk. */
    void authenticationFailed(ClientAddress address) {
        telemetry.authenticationFailed();
        int failures = backOff.failed(address);
        if (Integer.bitCount(failures) == 1) {
            LOG.warn("wrong user or password from {}, {} of late", address, failures);
        }
    }

    private AnnexException tooMany() {
        telemetry.connectionRefused();
        return new AnnexException(
                ErrorCode.TOO_MANY_CONNECTIONS,
                "sorry, too many clients already: " + settings.limits().connections(),
                "Raise listen.connection-limit, or close idle connections.");
    }

    /** Whatever happens to one connection, the next one is accepted: also when the heap is full. */
    private void accept() {
        while (!stopping) {
            try {
                welcome(listener.accept());
            } catch (IOException | RuntimeException | Error e) {
                if (!stopping) {
                    LOG.warn("a connection was not accepted: {}", e.toString());
                    pause(100);
                }
            }
        }
    }

    /** A client that is gone already is no reason to keep the next one waiting. */
    private void welcome(Socket socket) throws IOException {
        try {
            open(socket);
        } catch (IOException e) {
            LOG.debug("a connection ended as it began: {}", e.toString());
            socket.close();
        } catch (RuntimeException | Error e) {
            socket.close();
            throw e;
        }
    }

    private void open(Socket socket) throws IOException {
        // Answers are small and complete; waiting for more of them would only delay the client.
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        keepAlive(socket);
        ClientAddress address = ClientAddress.of(socket.getInetAddress());
        Connection connection =
                new Connection(this, new Transport(socket), address, nextProcessId++);
        Optional<Connection> leaving = strangers.add(connection, address, System.nanoTime());
        if (leaving.isPresent()) {
            telemetry.connectionRefused();
            leaving.get().abort();
        }
        if (leaving.isEmpty() || !leaving.get().equals(connection)) {
            serve(connection);
        }
    }

    private static void keepAlive(Socket socket) throws IOException {
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        if (socket.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
            socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_IDLE_SECONDS);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEP_INTERVAL_SECONDS);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEP_COUNT);
        }
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
        while (!stopping) {
            try {
                long now = System.nanoTime();
                connections.values().forEach(connection -> connection.closeIfLate(now));
                tls.ifPresent(TlsFiles::look);
            } catch (RuntimeException | Error e) {
                LOG.error("looking after connections failed", e);
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
