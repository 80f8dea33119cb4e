package io.annexdb.sidecar.protocol;

/** What a client sends while it proves that it knows the password. */
public sealed interface SaslMessage {
    /**
     * The client's first.
     *
     * @param mechanism the mechanism that it chose
     * @param data client-first-message of RFC 5802; empty when it sent none
     */
    record Initial(String mechanism, String data) implements SaslMessage {}

    /**
     * Each later one.
     *
     * @param data client-final-message of RFC 5802
     */
    record Response(String data) implements SaslMessage {}
}
