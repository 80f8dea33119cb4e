package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

import java.util.Optional;

/**
 * An error for people: a message with the numbers in it, a hint that says what to do, a SQLSTATE.
 */
public final class AnnexException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final @Nullable String hint;

    public AnnexException(ErrorCode code, String message, @Nullable String hint) {
        this(code, message, hint, null);
    }

    public AnnexException(
            ErrorCode code, String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.hint = hint;
    }

    public ErrorCode code() {
        return code;
    }

    /** What the reader can do about it. */
    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }
}
