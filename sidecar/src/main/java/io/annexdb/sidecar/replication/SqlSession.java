package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * One ordinary connection that is made when it is needed and forgotten when it fails; the next
 * question makes a new one. For one thread, but {@link #close} may come from another.
 */
public final class SqlSession implements AutoCloseable {
    /** What is asked over the connection. */
    @FunctionalInterface
    public interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    /** What is done over the connection. */
    @FunctionalInterface
    public interface Order {
        void give(Connection connection) throws SQLException;
    }

    private static final int SOCKET_TIMEOUT_SECONDS = 10;

    private final SourceSettings settings;
    private volatile @Nullable Connection connection;
    private volatile boolean closed;

    public SqlSession(SourceSettings settings) {
        this.settings = settings;
    }

    /**
     * Asks over the connection.
     *
     * @throws AnnexException NOT_SERVABLE with PostgreSQL's message; the cause is the SQLException
     */
    public <T> T ask(Question<T> question) {
        try {
            return question.ask(connection());
        } catch (SQLException e) {
            discardIfBroken();
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    e.getMessage() == null ? e.toString() : e.getMessage(),
                    null,
                    e);
        }
    }

    /**
     * Has something done over the connection.
     *
     * @throws AnnexException as {@link #ask}
     */
    public void tell(Order order) {
        ask(connection -> {
            order.give(connection);
            return true;
        });
    }

    /** SQLSTATE of a failed question. */
    public static Optional<String> sqlState(AnnexException failure) {
        return failure.getCause() instanceof SQLException cause
                ? Optional.ofNullable(cause.getSQLState())
                : Optional.empty();
    }

    /** Whether a failed question says that the server is going down: class 57P. */
    public static boolean isShutdown(AnnexException failure) {
        return sqlState(failure).map(state -> state.startsWith("57P")).orElse(false);
    }

    @Override
    public void close() {
        closed = true;
        Connection current = connection;
        if (current != null) {
            Connections.abort(current);
        }
    }

    private Connection connection() throws SQLException {
        Connection current = connection;
        if (current == null) {
            current = Connections.sql(settings, SOCKET_TIMEOUT_SECONDS);
            connection = current;
        }
        if (closed) {
            Connections.abort(current);
        }
        return current;
    }

    private void discardIfBroken() {
        Connection current = connection;
        try {
            if (current != null && current.isClosed()) {
                connection = null;
            }
        } catch (SQLException e) {
            connection = null;
        }
    }
}
