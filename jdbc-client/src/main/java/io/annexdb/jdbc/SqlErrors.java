package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

import java.sql.SQLException;

/** Turns the driver's exceptions into the client's. */
final class SqlErrors {
    private static final String UNKNOWN = "XX000";

    private SqlErrors() {}

    static AnnexClientException translate(SQLException error) {
        String state = error.getSQLState() == null ? UNKNOWN : error.getSQLState();
        String message = error.getMessage() == null ? "no message" : error.getMessage();
        String hint = null;
        ServerErrorMessage server =
                error instanceof PSQLException driver ? driver.getServerErrorMessage() : null;
        if (server != null) {
            hint = server.getHint();
            message = server.getMessage() == null ? message : server.getMessage();
            message =
                    server.getDetail() == null
                            ? message
                            : message + " (" + server.getDetail() + ")";
        }
        return ofState(state, message, hint, error);
    }

    static AnnexClientException ofState(
            String state, String message, @Nullable String hint, @Nullable Throwable cause) {
        if (state.equals("57014")) {
            return new SearchTimeoutException(message, state, hint, cause);
        }
        if (state.equals("42501") || state.startsWith("28")) {
            return new AccessDeniedException(message, state, hint, cause);
        }
        return switch (state.substring(0, Math.min(2, state.length()))) {
            case "0A", "21", "22", "23", "42" ->
                    new InvalidRequestException(message, state, hint, cause);
            case "08", "53", "55", "57", "58" ->
                    new IndexUnavailableException(message, state, hint, cause);
            default -> new AnnexClientException(message, state, hint, cause);
        };
    }
}
