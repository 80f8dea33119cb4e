package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.model.ColumnType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.query.StatusService;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** One client's statements: parse, describe, run. Used by one thread. */
public final class CommandSession {
    private final AnswerRequest request;
    private final StatusService status;
    private final Settings settings;
    private final String version;

    CommandSession(AnswerRequest request, StatusService status, Settings settings, String version) {
        this.request = request;
        this.status = status;
        this.settings = settings;
        this.version = version;
    }

    public Settings settings() {
        return settings;
    }

    /** What runs a statement as soon as it is parsed. */
    @FunctionalInterface
    public interface EachStatement {
        void run(Statement statement);
    }

    /**
     * Parses the statements of a simple query, one after the other, and hands each over before it
     * parses the next, so that no bytes are copied.
     *
     * @throws AnnexException SYNTAX_ERROR at the first that is not understood
     */
    public void parseEach(ByteBuffer sql, EachStatement each) {
        Tokens tokens = new Tokens(sql);
        do {
            each.run(ParseStatement.next(tokens, version));
        } while (tokens.kind() != Tokens.Kind.END);
    }

    /**
     * Parses the one statement of a Parse message.
     *
     * @param sql bytes that stay as they are while the statement is in use
     */
    public Statement parse(ByteBuffer sql) {
        List<Statement> statements = new ArrayList<>();
        parseEach(sql, statements::add);
        if (statements.size() > 1) {
            throw new AnnexException(
                    ErrorCode.SYNTAX_ERROR,
                    "cannot insert multiple commands into a prepared statement",
                    null);
        }
        return statements.getFirst();
    }

    /** How many parameters a statement takes; all of them are text. */
    public static int parameterCount(Statement statement) {
        return statement instanceof Statement.Request asked
                ? Math.max(number(asked.payload()), number(asked.signature()))
                : 0;
    }

    /** The columns of a statement's rows; empty when it has none. */
    public static List<Column> columns(Statement statement) {
        return switch (statement) {
            case Statement.Request _ -> RenderAnswer.COLUMNS;
            case Statement.Constant constant ->
                    List.of(
                            new Column(
                                    constant.column(),
                                    constant.value() instanceof Integer
                                            ? ColumnType.INT4
                                            : ColumnType.TEXT));
            case Statement.SessionValue value ->
                    List.of(new Column(value.column(), ColumnType.TEXT));
            case Statement.Show show -> List.of(new Column(show.name(), ColumnType.TEXT));
            case Statement.IndexStatusTable _ -> StatusTables.INDEX_COLUMNS;
            case Statement.SidecarStatusTable _ -> StatusTables.SIDECAR_COLUMNS;
            case Statement.Empty _, Statement.Set _, Statement.Tolerated _ -> List.of();
        };
    }

    /**
     * Runs a statement.
     *
     * @param parameters as many as {@link #parameterCount} says
     * @param cancelled asked now and then; when true the statement ends with QUERY_CANCELED
     */
    public Result execute(
            Statement statement, List<@Nullable String> parameters, BooleanSupplier cancelled) {
        return switch (statement) {
            case Statement.Request asked ->
                    request.answer(
                            argument(asked.payload(), parameters),
                            text(argument(asked.signature(), parameters)),
                            cancelled);
            case Statement.Constant constant -> one(statement, constant.value());
            case Statement.SessionValue value -> one(statement, settings.show(value.setting()));
            case Statement.Show show -> shown(show);
            case Statement.IndexStatusTable _ -> StatusTables.indexes(status.status());
            case Statement.SidecarStatusTable _ -> StatusTables.sidecar(status.status());
            case Statement.Set set -> set(set);
            case Statement.Tolerated tolerated -> Result.done(tolerated.tag(), tolerated.effect());
            case Statement.Empty _ -> Result.done("", Statement.Effect.NONE);
        };
    }

    private Result shown(Statement.Show show) {
        List<@Nullable Object> row = List.of(settings.show(show.name()));
        return Result.of(columns(show), List.of(row), "SHOW");
    }

    private Result set(Statement.Set set) {
        settings.set(set.name(), set.value());
        return Result.done("SET", Statement.Effect.NONE);
    }

    private static Result one(Statement statement, Object value) {
        List<@Nullable Object> row = List.of(value);
        return Result.selected(columns(statement), List.of(row));
    }

    private static int number(Statement.Argument argument) {
        return switch (argument) {
            case Statement.Argument.Literal _ -> 0;
            case Statement.Argument.Parameter parameter -> parameter.number();
        };
    }

    private static ByteBuffer argument(
            Statement.Argument argument, List<@Nullable String> parameters) {
        return switch (argument) {
            case Statement.Argument.Literal literal -> literal.utf8();
            case Statement.Argument.Parameter parameter ->
                    utf8(parameters.get(parameter.number() - 1));
        };
    }

    private static ByteBuffer utf8(@Nullable String value) {
        return ByteBuffer.wrap((value == null ? "" : value).getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer utf8) {
        return StandardCharsets.UTF_8.decode(utf8.duplicate()).toString();
    }
}
