package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandSession;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;
import io.annexdb.sidecar.protocol.BackendWriter.Severity;
import io.annexdb.sidecar.protocol.DecodeMessage;
import io.annexdb.sidecar.protocol.DecodeStartup;
import io.annexdb.sidecar.protocol.StartupMessage;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One client, from its first byte to its last, on a thread of its own:
 *
 * <pre>
 *   [SSLRequest → N]  StartupMessage → SASL exchange → AuthenticationOk, settings, cancel key,
 *   ReadyForQuery → messages …
 * </pre>
 *
 * <p>Only {@link #cancel}, {@link #stop} and {@link #abort} are for other threads.
 */
final class Connection implements Runnable, Session.Output {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int FLUSH_BYTES = 256 << 10;
    private static final int ENCRYPTION_REQUESTS_MAX = 2;
    private static final int DRAIN_MILLIS = 500;

    private final WireServer server;
    private final Socket socket;
    private final int processId;
    private final int secret;
    private final long openedNanos = System.nanoTime();
    private final BackendWriter out = new BackendWriter();
    private final FrameReader in;
    private final OutputStream socketOut;
    private volatile boolean cancelled;
    private volatile boolean authenticated;
    private volatile long waitingSinceNanos = Long.MAX_VALUE;
    private volatile @Nullable AnnexException stopReason;

    Connection(WireServer server, Socket socket, int processId, int secret) throws IOException {
        this.server = server;
        this.socket = socket;
        this.processId = processId;
        this.secret = secret;
        this.in = new FrameReader(socket.getInputStream());
        this.socketOut = socket.getOutputStream();
    }

    @Override
    public void run() {
        try (socket) {
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

    long openedNanos() {
        return openedNanos;
    }

    /** When it began to wait for the client; far in the future while it works. */
    long waitingSinceNanos() {
        return waitingSinceNanos;
    }

    /** Stops the statement in progress, if the secret is the right one. */
    void cancel(int givenSecret) {
        if (givenSecret == secret) {
            cancelled = true;
        }
    }

    /** Ends the session with this message: at once when it is idle, else after its statement. */
    void stop(AnnexException reason) {
        stopReason = reason;
        cancelled = true;
        try {
            socket.shutdownInput();
        } catch (IOException e) {
            LOG.debug("connection {} was closed already", processId);
        }
    }

    /** Closes the socket under the session. */
    void abort() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("connection {} does not close: {}", processId, e.toString());
        }
    }

    @Override
    public void flush() throws IOException {
        socketOut.write(out.array(), 0, out.length());
        out.clear();
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

    /** The start-up message; empty after a cancel request. */
    private Optional<StartupMessage.Startup> startup() throws IOException {
        for (int i = 0; i <= ENCRYPTION_REQUESTS_MAX; i++) {
            switch (DecodeStartup.decode(in.startup())) {
                case StartupMessage.SslRequest _, StartupMessage.GssEncryptionRequest _ -> {
                    out.noEncryption();
                    flush();
                }
                case StartupMessage.CancelRequest request -> {
                    server.cancel(request.processId(), request.secret());
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

    private Session open(StartupMessage.Startup startup) throws IOException {
        server.checkRoom();
        if (startup.minorVersion() > 0 || !startup.unknownOptions().isEmpty()) {
            out.negotiateProtocolVersion(startup.unknownOptions());
        }
        authenticate(startup.parameters().getOrDefault("user", ""));
        server.admit(this);
        authenticated = true;
        CommandSession commands = server.commands().open(startup.parameters());
        out.authenticationOk();
        commands.settings().reported().forEach(out::parameterStatus);
        out.backendKeyData(processId, secret);
        Session session = new Session(commands, out, this, () -> cancelled || stopReason != null);
        session.ready();
        return session;
    }

    private void authenticate(String user) throws IOException {
        String mechanism = Credentials.MECHANISM.getName();
        ScramExchange scram = server.scram(user);
        out.authenticationSasl(mechanism);
        flush();
        nextSasl();
        var initial =
                DecodeMessage.saslInitial(
                        in.type(), in.body(DecodeMessage.LENGTH_MAX_UNAUTHENTICATED));
        if (!initial.mechanism().equals(mechanism)) {
            throw new AnnexException(
                    ErrorCode.PROTOCOL_VIOLATION,
                    "client selected an invalid SASL authentication mechanism",
                    "This server offers " + mechanism + ".");
        }
        out.authenticationSaslContinue(scram.first(initial.data()));
        flush();
        nextSasl();
        var response =
                DecodeMessage.saslResponse(
                        in.type(), in.body(DecodeMessage.LENGTH_MAX_UNAUTHENTICATED));
        out.authenticationSaslFinal(scram.last(response.data()));
    }

    private void nextSasl() throws IOException {
        if (!in.next()) {
            throw new EOFException("the client left during authentication");
        }
    }

    private void serve(Session session) throws IOException {
        boolean more = true;
        while (more) {
            waitingSinceNanos = System.nanoTime();
            boolean came = in.next();
            waitingSinceNanos = Long.MAX_VALUE;
            AnnexException reason = stopReason;
            if (reason != null) {
                throw reason;
            }
            // A cancel request that comes between two statements is too late for the first.
            cancelled = false;
            more =
                    came
                            && session.handle(
                                    DecodeMessage.decode(
                                            in.type(), in.body(DecodeMessage.LENGTH_MAX)));
        }
    }

    private void goodbye(AnnexException reason) throws IOException {
        if (reason.code() == ErrorCode.INVALID_PASSWORD) {
            server.authenticationFailed(socket.getRemoteSocketAddress());
        }
        LOG.debug("connection {} is closed: {}", processId, reason.getMessage());
        out.errorResponse(
                Severity.FATAL,
                reason.code().sqlState(),
                String.valueOf(reason.getMessage()),
                reason.hint().orElse(null));
        flush();
        drain();
    }

    /** Reads what was on its way, since a close with unread bytes would tear down our answer. */
    private void drain() throws IOException {
        socket.shutdownOutput();
        socket.setSoTimeout(DRAIN_MILLIS);
        byte[] rubbish = new byte[4_096];
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_MILLIS);
        int read = 0;
        while (read >= 0 && System.nanoTime() < deadline) {
            read = socket.getInputStream().read(rubbish);
        }
    }
}
