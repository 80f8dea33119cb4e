package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandSession;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;
import io.annexdb.sidecar.protocol.BackendWriter.Severity;
import io.annexdb.sidecar.protocol.DecodeMessage;
import io.annexdb.sidecar.protocol.DecodeStartup;
import io.annexdb.sidecar.protocol.FrontendMessage;
import io.annexdb.sidecar.protocol.StartupMessage;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;

/**
 * One client, from its first byte to its last, on a thread of its own:
 *
 * <pre>
 *   [TLS] or [SSLRequest → S, TLS | N]
 *   StartupMessage → SASL exchange → AuthenticationOk, settings, cancel key, ReadyForQuery
 *   → messages …
 * </pre>
 *
 * <p>Whatever the client has to do has a deadline. Only {@link #cancel}, {@link #stop}, {@link
 * #abort} and {@link #closeIfLate} are for other threads.
 */
final class Connection implements Runnable, Session.Output {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int FLUSH_BYTES = 256 << 10;
    private static final int ENCRYPTION_REQUESTS_MAX = 2;
    private static final int DRAIN_MILLIS = 500;
    private static final int TLS_HANDSHAKE_RECORD = 22;

    /** A session keeps prepared statements and parameters of so many longest messages. */
    private static final int KEPT_MESSAGES = 4;

    private static final long NEVER = Long.MAX_VALUE;

    /** What the connection is about, and so what being late means. */
    private enum Phase {
        LOGIN,
        IDLE,
        RECEIVING,
        WORKING,
        SENDING
    }

    private final WireServer server;
    private final Transport transport;
    private final ClientAddress address;
    private final int processId;
    private final BackendWriter out = new BackendWriter();
    private volatile byte[] cancelKey = {};
    private volatile boolean cancelled;
    private volatile boolean authenticated;
    private volatile Phase phase = Phase.LOGIN;
    private volatile long deadlineNanos;
    private volatile @Nullable AnnexException stopReason;

    Connection(WireServer server, Transport transport, ClientAddress address, int processId) {
        this.server = server;
        this.transport = transport;
        this.address = address;
        this.processId = processId;
        this.deadlineNanos = System.nanoTime() + server.limits().authenticationTimeout().toNanos();
    }

    @Override
    public void run() {
        try (transport) {
            converse();
        } catch (IOException e) {
            LOG.debug("connection {} ended: {}", processId, e.toString());
        } finally {
            server.closed(this);
        }
    }

    int processId() {
        return processId;
    }

    boolean isAuthenticated() {
        return authenticated;
    }

    /** Closes it if the client has not done in time what it has to do. */
    void closeIfLate(long nowNanos) {
        long deadline = deadlineNanos;
        Phase late = phase;
        if (deadline == NEVER || nowNanos - deadline < 0 || deadline != deadlineNanos) {
            return;
        }
        switch (late) {
            case LOGIN, RECEIVING, SENDING -> {
                LOG.debug("connection {} is late in phase {}", processId, late);
                server.expired();
                abort();
            }
            case IDLE -> {
                server.expired();
                stop(
                        new AnnexException(
                                ErrorCode.ADMIN_SHUTDOWN,
                                "terminating connection because it was idle for "
                                        + server.limits().idleTimeout().toSeconds()
                                        + " s",
                                "The limit is listen.idle-timeout-seconds."));
            }
            case WORKING -> {}
        }
    }

    /**
     * Stops the statement in progress, if the key is the right one; compared in a time that tells
     * nothing. Before there is one, none is right.
     */
    void cancel(byte[] givenKey) {
        byte[] key = cancelKey;
        if (key.length > 0 && MessageDigest.isEqual(givenKey, key)) {
            cancelled = true;
        }
    }

    /** Ends the session with this message: at once when it is idle, else after its statement. */
    void stop(AnnexException reason) {
        stopReason = reason;
        cancelled = true;
        try {
            transport.endInput();
        } catch (IOException e) {
            LOG.debug("connection {} was closed already", processId);
        }
    }

    /** Closes the socket under the session. */
    void abort() {
        try {
            transport.abort();
        } catch (IOException e) {
            LOG.debug("connection {} does not close: {}", processId, e.toString());
        }
    }

    @Override
    public void flush() throws IOException {
        enter(Phase.SENDING);
        transport.write(out.array(), out.length());
        out.clear();
        enter(Phase.WORKING);
    }

    @Override
    public void flushIfLarge() throws IOException {
        if (out.length() > FLUSH_BYTES) {
            flush();
        }
    }

    private void converse() throws IOException {
        try {
            Optional<StartupMessage.Startup> startup = startup();
            if (startup.isPresent()) {
                serve(open(startup.get()));
            }
        } catch (AnnexException e) {
            goodbye(e);
        } catch (IOException e) {
            AnnexException reason = stopReason;
            if (reason == null) {
                throw e;
            }
            goodbye(reason);
        } catch (RuntimeException e) {
            LOG.error("connection {} failed", processId, e);
            goodbye(new AnnexException(ErrorCode.INTERNAL_ERROR, "internal error", null, e));
        }
    }

    /** The start-up message; empty after a cancel request, or when the client has left. */
    private Optional<StartupMessage.Startup> startup() throws IOException {
        int first = transport.in().peek();
        if (first < 0) {
            return Optional.empty();
        }
        if (first == TLS_HANDSHAKE_RECORD && server.tls().isPresent()) {
            transport.secureDirectly(server.tls().get().identity());
        }
        for (int i = 0; i <= ENCRYPTION_REQUESTS_MAX; i++) {
            switch (DecodeStartup.decode(transport.in().startup())) {
                case StartupMessage.SslRequest _ -> encrypt();
                case StartupMessage.GssEncryptionRequest _ -> decline();
                case StartupMessage.CancelRequest request -> {
                    server.cancel(request.processId(), request.key());
                    return Optional.empty();
                }
                case StartupMessage.Startup startup -> {
                    return Optional.of(startup);
                }
            }
        }
        throw new AnnexException(
                ErrorCode.PROTOCOL_VIOLATION, "too many requests for encryption", null);
    }

    private void encrypt() throws IOException {
        Optional<TlsFiles> tls = server.tls();
        if (tls.isEmpty() || transport.isSecure()) {
            decline();
            return;
        }
        out.encryptionFollows();
        flush();
        transport.secure(tls.get().identity());
    }

    private void decline() throws IOException {
        out.noEncryption();
        flush();
    }

    private Session open(StartupMessage.Startup startup) throws IOException {
        if (!transport.isSecure() && server.tls().filter(TlsFiles::areRequired).isPresent()) {
            throw new AnnexException(
                    ErrorCode.INVALID_AUTHORIZATION,
                    "this sidecar serves encrypted connections only",
                    "Connect with sslmode=require, or verify-full; in annex.setup likewise.");
        }
        server.checkRoom();
        int spoken = startup.spokenMinorVersion();
        if (startup.minorVersion() != spoken || !startup.unknownOptions().isEmpty()) {
            out.negotiateProtocolVersion(spoken, startup.unknownOptions());
        }
        new Authenticate(server, transport, address, out, this)
                .run(startup.parameters().getOrDefault("user", ""));
        server.admit(this, address);
        authenticated = true;
        CommandSession commands = server.commands().open(startup.parameters());
        out.authenticationOk();
        commands.settings().reported().forEach(out::parameterStatus);
        cancelKey = server.cancelKey(startup.cancelKeyBytes());
        out.backendKeyData(processId, cancelKey);
        Session session =
                new Session(
                        commands,
                        out,
                        this,
                        () -> cancelled || stopReason != null,
                        KEPT_MESSAGES * (long) server.limits().messageBytes());
        session.ready();
        return session;
    }

    private void serve(Session session) throws IOException {
        FrameReader in = transport.in();
        boolean more = true;
        while (more) {
            enter(Phase.IDLE);
            boolean came = in.next();
            enter(Phase.RECEIVING);
            AnnexException reason = stopReason;
            if (reason != null) {
                throw reason;
            }
            // A cancel request that comes between two statements is too late for the first.
            cancelled = false;
            more = came && session.handle(receive(in));
        }
    }

    private FrontendMessage receive(FrameReader in) throws IOException {
        ByteBuffer body = in.body(server.limits().messageBytes());
        enter(Phase.WORKING);
        return DecodeMessage.decode(in.type(), body);
    }

    /** The deadline of a login is one for all of it. */
    private void enter(Phase next) {
        if (!authenticated) {
            return;
        }
        Duration limit =
                switch (next) {
                    case IDLE -> server.limits().idleTimeout();
                    case RECEIVING, SENDING -> server.limits().transferTimeout();
                    case LOGIN, WORKING -> Duration.ZERO;
                };
        phase = next;
        deadlineNanos = limit.isZero() ? NEVER : System.nanoTime() + limit.toNanos();
    }

    private void goodbye(AnnexException reason) throws IOException {
        if (reason.code() == ErrorCode.INVALID_PASSWORD) {
            server.authenticationFailed(address);
        }
        LOG.debug("connection {} is closed: {}", processId, reason.getMessage());
        out.errorResponse(
                Severity.FATAL,
                reason.code().sqlState(),
                String.valueOf(reason.getMessage()),
                reason.hint().orElse(null));
        flush();
        enter(Phase.SENDING);
        transport.drain(DRAIN_MILLIS);
    }
}
