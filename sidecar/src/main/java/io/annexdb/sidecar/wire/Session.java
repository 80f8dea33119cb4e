package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandSession;
import io.annexdb.sidecar.command.Result;
import io.annexdb.sidecar.command.Statement;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;
import io.annexdb.sidecar.protocol.BackendWriter.Severity;
import io.annexdb.sidecar.protocol.BackendWriter.TransactionStatus;
import io.annexdb.sidecar.protocol.FrontendMessage;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Answers the messages of one authenticated client. An error inside the extended protocol makes it
 * skip everything up to the next Sync; that is all the recovery the protocol asks for.
 */
final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final int NAMES_MAX = 1_000;
    private static final int TEXT_OID = 25;

    /** Sends what is written so far. */
    interface Output {
        void flush() throws IOException;

        /** Sends it if there is a lot. */
        void flushIfLarge() throws IOException;
    }

    private final CommandSession commands;
    private final BackendWriter out;
    private final Output output;
    private final BooleanSupplier cancelled;
    private final long keptBytesMax;
    private final Map<String, Kept> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    private TransactionStatus transaction = TransactionStatus.IDLE;
    private boolean ignoreTillSync;

    /** A prepared statement and the bytes of its text. */
    private record Kept(Statement statement, int bytes) {}

    /**
     * Opens one.
     *
     * @param cancelled asked now and then by a statement that runs
     * @param keptBytesMax of prepared statements and the parameters of portals together
     */
    Session(
            CommandSession commands,
            BackendWriter out,
            Output output,
            BooleanSupplier cancelled,
            long keptBytesMax) {
        this.commands = commands;
        this.out = out;
        this.output = output;
        this.cancelled = cancelled;
        this.keptBytesMax = keptBytesMax;
    }

    void ready() throws IOException {
        out.readyForQuery(transaction);
        output.flush();
    }

    /**
     * Answers one message.
     *
     * @return false when the client says goodbye
     */
    boolean handle(FrontendMessage message) throws IOException {
        switch (message) {
            case FrontendMessage.Terminate _ -> {
                return false;
            }
            case FrontendMessage.Sync _ -> sync();
            case FrontendMessage.Query query -> query(query.sql());
            case FrontendMessage.Flush _ -> output.flush();
            case FrontendMessage.Parse _,
                    FrontendMessage.Bind _,
                    FrontendMessage.Describe _,
                    FrontendMessage.Execute _,
                    FrontendMessage.Close _ ->
                    extended(message);
        }
        return true;
    }

    private void sync() throws IOException {
        ignoreTillSync = false;
        if (transaction == TransactionStatus.IDLE) {
            portals.clear();
        }
        ready();
    }

    private void query(ByteBuffer sql) throws IOException {
        if (ignoreTillSync) {
            return;
        }
        statements.remove("");
        portals.remove("");
        try {
            commands.parseEach(sql, this::runSimple);
        } catch (AnnexException e) {
            error(e);
        } catch (SendFailure e) {
            throw e.cause();
        } catch (RuntimeException e) {
            error(internal(e));
        }
        ready();
    }

    private void runSimple(Statement statement) {
        if (statement instanceof Statement.Empty) {
            out.emptyQueryResponse();
            return;
        }
        Result result = commands.execute(statement, List.of(), cancelled);
        if (!result.columns().isEmpty()) {
            out.rowDescription(result.columns(), List.of());
        }
        try {
            rows(result.columns(), result.rows(), List.of());
        } catch (IOException e) {
            throw new SendFailure(e);
        }
        complete(result);
    }

    private void extended(FrontendMessage message) throws IOException {
        if (ignoreTillSync) {
            return;
        }
        try {
            step(message);
        } catch (AnnexException e) {
            ignoreTillSync = true;
            error(e);
        } catch (RuntimeException e) {
            ignoreTillSync = true;
            error(internal(e));
        }
    }

    private void step(FrontendMessage message) throws IOException {
        switch (message) {
            case FrontendMessage.Parse parse -> parse(parse);
            case FrontendMessage.Bind bind -> bind(bind);
            case FrontendMessage.Describe describe -> describe(describe);
            case FrontendMessage.Execute execute -> execute(execute);
            case FrontendMessage.Close close -> close(close);
            case FrontendMessage.Query _,
                    FrontendMessage.Flush _,
                    FrontendMessage.Sync _,
                    FrontendMessage.Terminate _ ->
                    throw new IllegalArgumentException();
        }
    }

    private void parse(FrontendMessage.Parse parse) {
        if (!parse.name().isEmpty() && statements.containsKey(parse.name())) {
            throw new AnnexException(
                    ErrorCode.DUPLICATE_STATEMENT,
                    "prepared statement \"" + parse.name() + "\" already exists",
                    null);
        }
        checkRoom(statements, parse.sql().remaining());
        // The statement outlives the buffer that the message was read into.
        byte[] sql = new byte[parse.sql().remaining()];
        parse.sql().duplicate().get(sql);
        statements.put(parse.name(), new Kept(commands.parse(ByteBuffer.wrap(sql)), sql.length));
        out.parseComplete();
    }

    private void bind(FrontendMessage.Bind bind) {
        if (portals.containsKey(bind.portal()) && !bind.portal().isEmpty()) {
            throw new AnnexException(
                    ErrorCode.DUPLICATE_STATEMENT,
                    "portal \"" + bind.portal() + "\" already exists",
                    null);
        }
        Portal portal =
                new Portal(statement(bind.statement()), bind.parameters(), bind.resultFormats());
        checkRoom(portals, portal.parameterBytes());
        portals.put(bind.portal(), portal);
        out.bindComplete();
    }

    private void describe(FrontendMessage.Describe describe) {
        switch (describe.target()) {
            case PORTAL -> portal(describe.name()).describe(out);
            case STATEMENT -> {
                Statement statement = statement(describe.name());
                int count = CommandSession.parameterCount(statement);
                out.parameterDescription(Collections.nCopies(count, TEXT_OID));
                List<Column> columns = CommandSession.columns(statement);
                if (columns.isEmpty()) {
                    out.noData();
                } else {
                    out.rowDescription(columns, List.of());
                }
            }
        }
    }

    private void execute(FrontendMessage.Execute execute) throws IOException {
        Portal portal = portal(execute.portal());
        if (portal.statement() instanceof Statement.Empty) {
            out.emptyQueryResponse();
            return;
        }
        Result result = portal.result();
        if (result == null) {
            result = commands.execute(portal.statement(), portal.parameters(), cancelled);
            portal.ran(result);
        }
        rows(result.columns(), portal.take(result, execute.rowsMax()), portal.formats());
        if (portal.isExhausted(result)) {
            complete(result);
        } else {
            out.portalSuspended();
        }
    }

    private void close(FrontendMessage.Close close) {
        switch (close.target()) {
            case STATEMENT -> statements.remove(close.name());
            case PORTAL -> portals.remove(close.name());
        }
        out.closeComplete();
    }

    private void rows(
            List<Column> columns, List<List<@Nullable Object>> rows, List<Boolean> formats)
            throws IOException {
        for (List<@Nullable Object> row : rows) {
            out.dataRow(columns, row, formats);
            output.flushIfLarge();
        }
    }

    private void complete(Result result) {
        switch (result.effect()) {
            case NONE -> {}
            case BEGIN -> transaction = TransactionStatus.IN_TRANSACTION;
            case END -> transaction = TransactionStatus.IDLE;
            case DISCARD -> statements.clear();
        }
        out.commandComplete(result.tag());
    }

    private Statement statement(String name) {
        Kept kept = statements.get(name);
        if (kept == null) {
            throw new AnnexException(
                    ErrorCode.UNDEFINED_STATEMENT,
                    "prepared statement \"" + name + "\" does not exist",
                    null);
        }
        return kept.statement;
    }

    private Portal portal(String name) {
        Portal portal = portals.get(name);
        if (portal == null) {
            throw new AnnexException(
                    ErrorCode.UNDEFINED_PORTAL, "portal \"" + name + "\" does not exist", null);
        }
        return portal;
    }

    private void checkRoom(Map<String, ?> named, long moreBytes) {
        long bytes =
                statements.values().stream().mapToLong(Kept::bytes).sum()
                        + portals.values().stream().mapToLong(Portal::parameterBytes).sum()
                        + moreBytes;
        if (named.size() >= NAMES_MAX || bytes > keptBytesMax) {
            throw new AnnexException(
                    ErrorCode.OUT_OF_RESOURCES,
                    "this session keeps "
                            + named.size()
                            + " prepared statements or portals, with this one of "
                            + bytes
                            + " bytes in all",
                    "Close those that are no longer used, or DEALLOCATE ALL.");
        }
    }

    private void error(AnnexException error) {
        out.errorResponse(
                Severity.ERROR,
                error.code().sqlState(),
                String.valueOf(error.getMessage()),
                error.hint().orElse(null));
    }

    private static AnnexException internal(RuntimeException cause) {
        LOG.error("statement failed", cause);
        return new AnnexException(
                ErrorCode.INTERNAL_ERROR,
                "internal error",
                "The sidecar's log has the details.",
                cause);
    }

    /** Carries a broken connection out of the parser's callback. */
    private static final class SendFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final IOException cause;

        SendFailure(IOException cause) {
            super(cause);
            this.cause = cause;
        }

        IOException cause() {
            return cause;
        }
    }
}
