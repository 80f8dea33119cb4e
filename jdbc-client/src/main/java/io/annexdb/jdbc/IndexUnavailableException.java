package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

/**
 * The server or the index cannot answer now: connection lost, index loading, sidecar down,
 * resources exhausted, server stopping (SQLSTATE classes 08, 53, 55, 57P, 58). Trying again later
 * may work.
 */
public final class IndexUnavailableException extends AnnexClientException {
    private static final long serialVersionUID = 1L;

    IndexUnavailableException(
            String message, String sqlState, @Nullable String hint, @Nullable Throwable cause) {
        super(message, sqlState, hint, cause);
    }
}
