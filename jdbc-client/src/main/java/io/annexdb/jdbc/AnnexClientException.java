package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.util.Optional;

/**
 * A statement failed. The subclasses group SQLSTATEs by what a caller can do: correct the request
 * ({@link InvalidRequestException}), ask for rights ({@link AccessDeniedException}), try again
 * later ({@link IndexUnavailableException}), allow more time ({@link SearchTimeoutException}). All
 * else is this class itself. The hint, if there is one, is the message's second line, as the driver
 * prints it.
 */
public class AnnexClientException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String sqlState;
    private final @Nullable String hint;

    AnnexClientException(
            String message, String sqlState, @Nullable String hint, @Nullable Throwable cause) {
        super(hint == null ? message : message + "\n  Hint: " + hint, cause);
        this.sqlState = sqlState;
        this.hint = hint;
    }

    /** Five characters, as PostgreSQL's documentation lists them; {@code XX000} when unknown. */
    public String sqlState() {
        return sqlState;
    }

    /** What the server advises to do, in a sentence. */
    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }
}
