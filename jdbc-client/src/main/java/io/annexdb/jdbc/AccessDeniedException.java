package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

/** The role lacks a privilege, or could not log in (SQLSTATE 42501 and class 28). */
public final class AccessDeniedException extends AnnexClientException {
    private static final long serialVersionUID = 1L;

    AccessDeniedException(
            String message, String sqlState, @Nullable String hint, @Nullable Throwable cause) {
        super(message, sqlState, hint, cause);
    }
}
