package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandSession;
import io.annexdb.sidecar.command.Result;
import io.annexdb.sidecar.command.Statement;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** A statement with its parameters, that is run once and whose rows are taken in parts. */
final class Portal {
    private final Statement statement;
    private final List<@Nullable String> parameters;
    private final List<Boolean> formats;
    private @Nullable Result result;
    private int rowsSent;

    /**
     * Binds the parameters.
     *
     * @throws AnnexException PROTOCOL_VIOLATION if there are too many or too few of them or of the
     *     formats
     */
    Portal(Statement statement, List<@Nullable String> parameters, List<Boolean> formats) {
        int expected = CommandSession.parameterCount(statement);
        if (parameters.size() != expected) {
            throw new AnnexException(
                    ErrorCode.PROTOCOL_VIOLATION,
                    "bind message supplies "
                            + parameters.size()
                            + " parameters, but the prepared statement requires "
                            + expected,
                    null);
        }
        int columns = CommandSession.columns(statement).size();
        if (formats.size() > 1 && formats.size() != columns) {
            throw new AnnexException(
                    ErrorCode.PROTOCOL_VIOLATION,
                    "bind message has "
                            + formats.size()
                            + " result formats but the query has "
                            + columns
                            + " columns",
                    null);
        }
        this.statement = statement;
        this.parameters = parameters;
        this.formats = formats;
    }

    Statement statement() {
        return statement;
    }

    List<@Nullable String> parameters() {
        return parameters;
    }

    /** About what the parameters take. */
    long parameterBytes() {
        return parameters.stream().mapToLong(each -> each == null ? 0 : each.length()).sum();
    }

    void describe(BackendWriter out) {
        List<Column> columns = CommandSession.columns(statement);
        if (columns.isEmpty()) {
            out.noData();
        } else {
            out.rowDescription(columns, formats);
        }
    }

    @Nullable Result result() {
        return result;
    }

    void ran(Result answer) {
        result = answer;
    }

    /** The next rows. */
    List<List<@Nullable Object>> take(Result of, int rowsMax) {
        int left = of.rows().size() - rowsSent;
        int count = rowsMax > 0 ? Math.min(rowsMax, left) : left;
        List<List<@Nullable Object>> rows = of.rows().subList(rowsSent, rowsSent + count);
        rowsSent += count;
        return rows;
    }

    boolean isExhausted(Result of) {
        return rowsSent == of.rows().size();
    }

    List<Boolean> formats() {
        return formats;
    }
}
