package io.annexdb.sidecar.protocol;

import java.util.List;
import java.util.Map;

/** What a client may send first on a new connection: messages without a type byte. */
public sealed interface StartupMessage {
    /** Asks for TLS. Answered with one byte. */
    record SslRequest() implements StartupMessage {}

    /** Asks for GSSAPI encryption. Answered with one byte. */
    record GssEncryptionRequest() implements StartupMessage {}

    /**
     * Asks to stop what another connection is doing. Never answered.
     *
     * @param processId of that connection's BackendKeyData
     * @param secret likewise
     */
    record CancelRequest(int processId, int secret) implements StartupMessage {}

    /**
     * Opens a session.
     *
     * @param minorVersion of protocol 3 that the client speaks
     * @param parameters user, database, and settings
     * @param unknownOptions protocol options ({@code _pq_.…}), none of which we know
     */
    record Startup(int minorVersion, Map<String, String> parameters, List<String> unknownOptions)
            implements StartupMessage {
        public Startup {
            parameters = Map.copyOf(parameters);
            unknownOptions = List.copyOf(unknownOptions);
        }
    }
}
