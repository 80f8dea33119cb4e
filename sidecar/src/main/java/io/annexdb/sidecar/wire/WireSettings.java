package io.annexdb.sidecar.wire;

import java.time.Duration;
import java.util.Optional;

/**
 * How the sidecar listens.
 *
 * @param host name or address to listen on
 * @param port TCP port; 0 for any free one
 * @param secret password of the role {@code annex}
 * @param limits of connections
 * @param tls how connections are encrypted; empty for not at all
 */
public record WireSettings(
        String host, int port, String secret, Limits limits, Optional<TlsSettings> tls) {

    /**
     * What one client, and all of them, may take.
     *
     * @param connections sessions at the same time, from 1
     * @param logins connections at the same time that have not proven the secret yet, from 1; they
     *     do not count as sessions
     * @param messageBytes longest message of a session
     * @param authenticationTimeout time a client has to prove that it knows the secret
     * @param idleTimeout a session without a message for so long is closed; zero for never
     * @param transferTimeout a session whose message, or answer, is under way for so long is
     *     closed; zero for never
     */
    public record Limits(
            int connections,
            int logins,
            int messageBytes,
            Duration authenticationTimeout,
            Duration idleTimeout,
            Duration transferTimeout) {}

    /** Without the secret, since records are logged. */
    @Override
    public String toString() {
        return host + ":" + port + " " + limits + " " + tls;
    }
}
