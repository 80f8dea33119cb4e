package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

/**
 * The time ran out or the statement was cancelled (SQLSTATE 57014): a statement timeout, or an
 * index that did not catch up with the latest commits in time. The message carries both positions
 * then.
 */
public final class SearchTimeoutException extends AnnexClientException {
    private static final long serialVersionUID = 1L;

    SearchTimeoutException(
            String message, String sqlState, @Nullable String hint, @Nullable Throwable cause) {
        super(message, sqlState, hint, cause);
    }
}
