package io.annexdb.sidecar.wire;

import java.time.Duration;

/**
 * How the sidecar listens.
 *
 * @param host name or address to listen on
 * @param port TCP port; 0 for any free one
 * @param secret password of the role {@code annex}
 * @param connectionLimit sessions at the same time, from 1
 * @param authenticationTimeout time a client has to prove that it knows the secret
 * @param idleTimeout a session without a message for so long is closed; zero for never
 */
public record WireSettings(
        String host,
        int port,
        String secret,
        int connectionLimit,
        Duration authenticationTimeout,
        Duration idleTimeout) {}
