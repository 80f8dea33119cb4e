package io.annexdb.sidecar.protocol;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a client may send once its session is open.
 *
 * <pre>
 *   simple:    Query                                  → rows, ReadyForQuery
 *   extended:  Parse Bind Describe Execute … Sync     → their answers, ReadyForQuery
 *              after an error everything up to Sync is skipped
 * </pre>
 *
 * <p>Buffers are views of the bytes that were decoded, so they are valid only as long as those.
 */
public sealed interface FrontendMessage {
    /** What Describe and Close speak of. */
    enum Target {
        STATEMENT,
        PORTAL
    }

    /**
     * Runs one or more statements.
     *
     * @param sql UTF-8
     */
    record Query(ByteBuffer sql) implements FrontendMessage {}

    /**
     * Prepares a statement.
     *
     * @param name empty for the unnamed one
     * @param sql UTF-8
     * @param parameterTypes OIDs, 0 where the server is to choose; may be fewer than parameters
     */
    record Parse(String name, ByteBuffer sql, List<Integer> parameterTypes)
            implements FrontendMessage {}

    /**
     * Makes a portal from a prepared statement.
     *
     * @param portal empty for the unnamed one
     * @param statement a prepared statement's name
     * @param parameters text, which in binary form is the same bytes
     * @param resultFormats whether each column is wanted in binary form: none for all text, one for
     *     all alike, else one for each
     */
    record Bind(
            String portal,
            String statement,
            List<@Nullable String> parameters,
            List<Boolean> resultFormats)
            implements FrontendMessage {}

    record Describe(Target target, String name) implements FrontendMessage {}

    /**
     * Runs a portal, or goes on with one.
     *
     * @param portal its name
     * @param rowsMax rows to send at most; 0 for all
     */
    record Execute(String portal, int rowsMax) implements FrontendMessage {}

    record Close(Target target, String name) implements FrontendMessage {}

    record Flush() implements FrontendMessage {}

    record Sync() implements FrontendMessage {}

    record Terminate() implements FrontendMessage {}
}
