package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * The bytes of one connection: in the clear until TLS is laid over them. Only {@link #endInput} and
 * {@link #abort} are for other threads.
 */
final class Transport implements AutoCloseable {
    /** The name of the protocol in TLS (ALPN), as PostgreSQL 17 and its clients have it. */
    private static final String APPLICATION_PROTOCOL = "postgresql";

    /** TLS closes the connection when its input is shut down, so it looks up now and then. */
    private static final int TLS_READ_MILLIS = 500;

    private final Socket socket;
    private volatile Socket speaking;
    private volatile boolean inputEnded;
    private FrameReader in;
    private OutputStream out;
    private Optional<byte[]> channelBinding = Optional.empty();

    Transport(Socket socket) throws IOException {
        this.socket = socket;
        this.speaking = socket;
        this.in = new FrameReader(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    FrameReader in() {
        return in;
    }

    void write(byte[] bytes, int length) throws IOException {
        out.write(bytes, 0, length);
    }

    boolean isSecure() {
        return !speaking.equals(socket);
    }

    /** What a login is bound to; empty in the clear. */
    Optional<byte[]> channelBinding() {
        return channelBinding;
    }

    /**
     * The handshake after the client's request for encryption was answered.
     *
     * @throws AnnexException PROTOCOL_VIOLATION if bytes came before the answer: nobody vouches for
     *     them
     */
    void secure(TlsIdentity identity) throws IOException {
        if (in.takeBuffered().length > 0) {
            throw violation("unencrypted bytes follow the request for encryption");
        }
        handshake(identity, new byte[0]);
    }

    /**
     * The handshake of a client that began with it.
     *
     * @throws AnnexException PROTOCOL_VIOLATION unless it says which protocol it speaks, so that a
     *     client of another one cannot be made to talk to us
     */
    void secureDirectly(TlsIdentity identity) throws IOException {
        SSLSocket tls = handshake(identity, in.takeBuffered());
        if (!APPLICATION_PROTOCOL.equals(tls.getApplicationProtocol())) {
            throw violation("TLS without the application protocol " + APPLICATION_PROTOCOL);
        }
    }

    private SSLSocket handshake(TlsIdentity identity, byte[] consumed) throws IOException {
        SSLSocket tls =
                (SSLSocket)
                        identity.context()
                                .getSocketFactory()
                                .createSocket(socket, new ByteArrayInputStream(consumed), true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {APPLICATION_PROTOCOL});
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        tls.setSoTimeout(TLS_READ_MILLIS);
        speaking = tls;
        in = new FrameReader(new UntilEnded(tls.getInputStream()));
        out = tls.getOutputStream();
        channelBinding = identity.channelBinding();
        return tls;
    }

    /** Lets the reader see the end of the input. */
    void endInput() throws IOException {
        inputEnded = true;
        if (!isSecure()) {
            socket.shutdownInput();
        }
    }

    /** Closes the socket under whoever uses it. */
    void abort() throws IOException {
        socket.close();
    }

    /** Reads what was on its way, since a close with unread bytes would tear down our answer. */
    void drain(int millis) throws IOException {
        speaking.shutdownOutput();
        speaking.setSoTimeout(millis);
        byte[] rubbish = new byte[4_096];
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        int read = 0;
        while (read >= 0 && System.nanoTime() < deadline) {
            read = speaking.getInputStream().read(rubbish);
        }
    }

    /** Without TLS's farewell where that would wait for a peer that does not read. */
    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Reads on over timeouts, until the input is ended from our side. */
    private final class UntilEnded extends InputStream {
        private static final int TIMED_OUT = -2;
        private final InputStream stream;

        UntilEnded(InputStream stream) {
            this.stream = stream;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("read into an array");
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int read = TIMED_OUT;
            while (read == TIMED_OUT && !inputEnded) {
                read = readForAWhile(bytes, offset, length);
            }
            return read == TIMED_OUT ? -1 : read;
        }

        /** What has come of a record when the time is over is kept by TLS for the next try. */
        private int readForAWhile(byte[] bytes, int offset, int length) throws IOException {
            try {
                return stream.read(bytes, offset, length);
            } catch (SocketTimeoutException e) {
                return TIMED_OUT;
            }
        }
    }

    private static AnnexException violation(String what) {
        return new AnnexException(ErrorCode.PROTOCOL_VIOLATION, what, null);
    }
}
