package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

/**
 * The request cannot work as it is: wrong dimension, NaN, unknown table, column or index, a filter
 * that is not a predicate, k out of range (SQLSTATE classes 0A, 21, 22, 23, 42).
 */
public final class InvalidRequestException extends AnnexClientException {
    private static final long serialVersionUID = 1L;

    InvalidRequestException(
            String message, String sqlState, @Nullable String hint, @Nullable Throwable cause) {
        super(message, sqlState, hint, cause);
    }
}
