package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Recognises one statement. What it does not recognise is a syntax error that lists what is. */
final class ParseStatement {
    static final String UNDERSTOOD =
            "This is an Annex sidecar, not a database. It understands SELECT annex.request(payload,"
                + " signature), SELECT * FROM annex.index_status, SELECT * FROM"
                + " annex.sidecar_status, SELECT 1, SELECT version(), SHOW, SET, and transaction"
                + " commands.";

    private final Tokens tokens;
    private final String version;

    private ParseStatement(Tokens tokens, String version) {
        this.tokens = tokens;
        this.version = version;
    }

    /**
     * Takes one statement and the semicolon after it.
     *
     * @param tokens stand on its first token, afterwards on the next statement's
     * @param version what {@code SELECT version()} answers
     */
    static Statement next(Tokens tokens, String version) {
        ParseStatement parse = new ParseStatement(tokens, version);
        Statement statement = parse.statement();
        if (!tokens.skipSymbol(';') && tokens.kind() != Tokens.Kind.END) {
            throw parse.notUnderstood();
        }
        return statement;
    }

    private Statement statement() {
        if (tokens.kind() == Tokens.Kind.END || tokens.isSymbol(';')) {
            return new Statement.Empty();
        }
        if (tokens.skipWord("select")) {
            return select();
        }
        if (tokens.kind() != Tokens.Kind.WORD) {
            throw notUnderstood();
        }
        String verb = tokens.text();
        return switch (verb) {
            case "show" -> show();
            case "set" -> set();
            case "begin", "start" -> tolerated(verb, Statement.Effect.BEGIN);
            case "commit", "end" -> tolerated("commit", Statement.Effect.END);
            case "rollback", "abort" -> rollback();
            case "discard", "deallocate" -> forget(verb);
            case "savepoint", "release", "reset", "unlisten", "close" ->
                    tolerated(verb, Statement.Effect.NONE);
            default -> throw notUnderstood();
        };
    }

    private Statement select() {
        if (tokens.skipSymbol('*')) {
            return selectAll();
        }
        if (tokens.kind() == Tokens.Kind.NUMBER) {
            Integer number = number();
            return new Statement.Constant(alias("?column?"), number);
        }
        if (tokens.skipName("annex")) {
            return annexRequest();
        }
        if (tokens.skipWord("pg_catalog") && !tokens.skipSymbol('.')) {
            throw notUnderstood();
        }
        String name = tokens.kind() == Tokens.Kind.WORD ? tokens.text() : "";
        Statement statement =
                switch (name) {
                    case "version" -> new Statement.Constant("version", version);
                    case "current_schema" -> new Statement.Constant("current_schema", "annex");
                    case "current_user", "session_user", "user" ->
                            new Statement.SessionValue(name, "session_authorization");
                    case "current_database", "current_catalog" ->
                            new Statement.SessionValue(name, "database");
                    default -> throw notUnderstood();
                };
        tokens.advance();
        if (tokens.skipSymbol('(') && !tokens.skipSymbol(')')) {
            throw notUnderstood();
        }
        return statement;
    }

    private Statement selectAll() {
        if (!tokens.skipWord("from") || !tokens.skipName("annex")) {
            throw notUnderstood();
        }
        return annexRequest();
    }

    /** After {@code annex}: a function or one of the tables. */
    private Statement annexRequest() {
        if (!tokens.skipSymbol('.')) {
            throw notUnderstood();
        }
        if (tokens.skipName("index_status")) {
            return new Statement.IndexStatusTable();
        }
        if (tokens.skipName("sidecar_status")) {
            return new Statement.SidecarStatusTable();
        }
        if (!tokens.skipName("request") || !tokens.skipSymbol('(')) {
            throw notUnderstood();
        }
        Statement.Argument payload = argument();
        if (!tokens.skipSymbol(',')) {
            throw notUnderstood();
        }
        Statement.Argument signature = argument();
        if (!tokens.skipSymbol(')')) {
            throw notUnderstood();
        }
        return new Statement.Request(payload, signature);
    }

    private Statement.Argument argument() {
        Statement.Argument argument =
                switch (tokens.kind()) {
                    case STRING -> new Statement.Argument.Literal(tokens.bytes());
                    case PARAMETER -> new Statement.Argument.Parameter(parameterNumber());
                    case WORD, QUOTED_NAME, NUMBER, SYMBOL, END -> throw notUnderstood();
                };
        tokens.advance();
        return argument;
    }

    private int parameterNumber() {
        return switch (tokens.text()) {
            case "$1" -> 1;
            case "$2" -> 2;
            default -> throw notUnderstood();
        };
    }

    /** The name after AS, or else the usual one. */
    private String alias(String usual) {
        if (!tokens.skipWord("as")) {
            return usual;
        }
        return qualifiedName();
    }

    private Integer number() {
        String digits = tokens.text();
        try {
            Integer number = Integer.valueOf(digits);
            tokens.advance();
            return number;
        } catch (NumberFormatException e) {
            throw notUnderstood();
        }
    }

    private Statement show() {
        tokens.advance();
        return new Statement.Show(String.join("_", words()));
    }

    private Statement set() {
        tokens.advance();
        if (!tokens.skipWord("session")) {
            tokens.skipWord("local");
        }
        if (tokens.isWord("transaction") || tokens.isWord("characteristics")) {
            skipStatement();
            return new Statement.Tolerated("SET", Statement.Effect.NONE);
        }
        String name = qualifiedName();
        if (name.equals("time") && tokens.skipWord("zone")) {
            return new Statement.Set("timezone", value());
        }
        if (name.equals("names")) {
            return new Statement.Set("client_encoding", value());
        }
        if (!tokens.skipSymbol('=') && !tokens.skipWord("to")) {
            throw notUnderstood();
        }
        return new Statement.Set(name, value());
    }

    private String qualifiedName() {
        StringBuilder name = new StringBuilder();
        do {
            if (tokens.kind() != Tokens.Kind.WORD && tokens.kind() != Tokens.Kind.QUOTED_NAME) {
                throw notUnderstood();
            }
            name.append(name.isEmpty() ? "" : ".").append(tokens.text());
            tokens.advance();
        } while (tokens.skipSymbol('.'));
        return name.toString().toLowerCase(Locale.ROOT);
    }

    /** A value or several with commas; numbers may be signed. */
    private String value() {
        StringBuilder value = new StringBuilder();
        while (!atStatementEnd()) {
            if (tokens.isSymbol(',')) {
                value.append(", ");
            } else {
                value.append(tokens.text());
            }
            tokens.advance();
        }
        if (value.isEmpty()) {
            throw notUnderstood();
        }
        return value.toString();
    }

    private Statement rollback() {
        tokens.advance();
        boolean toSavepoint = false;
        while (!atStatementEnd()) {
            toSavepoint |= tokens.isWord("to");
            tokens.advance();
        }
        return new Statement.Tolerated(
                "ROLLBACK", toSavepoint ? Statement.Effect.NONE : Statement.Effect.END);
    }

    private Statement forget(String verb) {
        tokens.advance();
        boolean all = tokens.isWord("all");
        skipStatement();
        String tag = verb.toUpperCase(Locale.ROOT) + (all ? " ALL" : "");
        return new Statement.Tolerated(tag, all ? Statement.Effect.DISCARD : Statement.Effect.NONE);
    }

    private Statement tolerated(String verb, Statement.Effect effect) {
        tokens.advance();
        skipStatement();
        String tag = verb.equals("start") ? "START TRANSACTION" : verb.toUpperCase(Locale.ROOT);
        return new Statement.Tolerated(tag, effect);
    }

    private List<String> words() {
        List<String> words = new ArrayList<>();
        while (tokens.kind() == Tokens.Kind.WORD) {
            words.add(qualifiedName());
        }
        if (words.isEmpty()) {
            throw notUnderstood();
        }
        return words;
    }

    private void skipStatement() {
        while (!atStatementEnd()) {
            tokens.advance();
        }
    }

    private boolean atStatementEnd() {
        return tokens.kind() == Tokens.Kind.END || tokens.isSymbol(';');
    }

    private AnnexException notUnderstood() {
        String where =
                tokens.kind() == Tokens.Kind.END
                        ? "at end of input"
                        : "at or near \"" + tokens.excerpt() + "\"";
        return new AnnexException(
                ErrorCode.SYNTAX_ERROR, "statement not understood, " + where, UNDERSTOOD);
    }
}
