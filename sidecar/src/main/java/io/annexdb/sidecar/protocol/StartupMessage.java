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
     * @param key likewise, of 4 to 256 bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // compared where time tells nothing
    record CancelRequest(int processId, byte[] key) implements StartupMessage {}

    /**
     * Opens a session.
     *
     * @param minorVersion of protocol 3 that the client speaks
     * @param parameters user, database, and settings
     * @param unknownOptions protocol options ({@code _pq_.…}), none of which we know
     */
    record Startup(int minorVersion, Map<String, String> parameters, List<String> unknownOptions)
            implements StartupMessage {
        private static final int LONG_KEYS = 2;

        public Startup {
            parameters = Map.copyOf(parameters);
            unknownOptions = List.copyOf(unknownOptions);
        }

        /** The newest that both sides speak: 2, of PostgreSQL 18, or 0; 1 was left out. */
        public int spokenMinorVersion() {
            return minorVersion >= LONG_KEYS ? LONG_KEYS : 0;
        }

        /** Length of a cancel key for this client: 4, and 32 from minor version 2 on. */
        public int cancelKeyBytes() {
            return spokenMinorVersion() == LONG_KEYS ? 32 : 4;
        }
    }
}
