package io.annexdb.sidecar.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.command.Statement.Argument.Literal;
import io.annexdb.sidecar.command.Statement.Argument.Parameter;
import io.annexdb.sidecar.command.Statement.Effect;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

class ParseStatementTest {
    @Test
    void requests() {
        Statement expected = new Statement.Request(literal("{\"a\":1}"), literal("ff"));
        one(expected, "SELECT annex.request('{\"a\":1}','ff')");
        one(expected, " select * from \"annex\".Request ( '{\"a\":1}' , 'ff' ) ; ");
        one(expected, "/* x /* y */ */ SELECT annex.request(-- z\n'{\"a\":1}','ff');");
        one(
                new Statement.Request(new Parameter(1), new Parameter(2)),
                "SELECT annex.request($1, $2)");
    }

    @Test
    void literalsWithEscapes() {
        one(
                new Statement.Request(literal("it's \"é\" \\n"), literal("")),
                "SELECT annex.request('it''s \"é\" \\n','')");
        one(
                new Statement.Request(literal("a\\\"b'c''"), literal("x")),
                "SELECT annex.request( E'a\\\\\"b\\'c''''',e'x')");
        refused(ErrorCode.FEATURE_NOT_SUPPORTED, "SELECT annex.request(E'\\n','')");
    }

    @Test
    void whatClientsAsk() {
        one(new Statement.Constant("?column?", 1), "SELECT 1");
        one(new Statement.Constant("ok", 7), "SELECT 7 AS ok;");
        one(new Statement.Constant("version", "v"), "select VERSION()");
        one(new Statement.Constant("version", "v"), "select pg_catalog.version()");
        one(
                new Statement.SessionValue("current_user", "session_authorization"),
                "SELECT current_user");
        one(
                new Statement.SessionValue("current_database", "database"),
                "SELECT current_database()");
        one(new Statement.Show("transaction_isolation_level"), "SHOW TRANSACTION ISOLATION LEVEL");
        one(new Statement.Show("server_version"), "show server_version;");
        one(new Statement.Set("extra_float_digits", "3"), "SET extra_float_digits = 3");
        one(new Statement.Set("application_name", "a b"), "SET SESSION application_name TO 'a b'");
        one(new Statement.Set("timezone", "UTC"), "SET TIME ZONE 'UTC'");
        one(new Statement.Set("annex.ef_search", "-5"), "SET LOCAL annex.ef_search = -5");
        one(new Statement.IndexStatusTable(), "SELECT * FROM annex.index_status");
        one(new Statement.SidecarStatusTable(), "select * from annex.sidecar_status;");
    }

    @Test
    void whatIsTolerated() {
        one(new Statement.Tolerated("BEGIN", Effect.BEGIN), "BEGIN ISOLATION LEVEL SERIALIZABLE");
        one(new Statement.Tolerated("START TRANSACTION", Effect.BEGIN), "START TRANSACTION");
        one(new Statement.Tolerated("COMMIT", Effect.END), "END");
        one(new Statement.Tolerated("ROLLBACK", Effect.END), "ROLLBACK");
        one(new Statement.Tolerated("ROLLBACK", Effect.NONE), "ROLLBACK TO SAVEPOINT s");
        one(new Statement.Tolerated("DISCARD ALL", Effect.DISCARD), "DISCARD ALL");
        one(new Statement.Tolerated("DEALLOCATE", Effect.NONE), "DEALLOCATE s1");
        one(
                new Statement.Tolerated("SET", Effect.NONE),
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED");
    }

    @Test
    void severalStatementsAndNone() {
        assertEquals(
                List.of(
                        new Statement.Tolerated("BEGIN", Effect.BEGIN),
                        new Statement.Constant("?column?", 1),
                        new Statement.Empty(),
                        new Statement.Tolerated("COMMIT", Effect.END)),
                parse("BEGIN; SELECT 1;;COMMIT;"));
        one(new Statement.Empty(), "");
        one(new Statement.Empty(), "  -- nothing");
    }

    @Test
    void theRestIsRefusedWithAListOfWhatIsUnderstood() {
        for (String sql :
                List.of(
                        "SELECT * FROM pg_class",
                        "SELECT annex.request('a')",
                        "SELECT annex.request('a','b') FROM x",
                        "SELECT annex.request($3,'b')",
                        "SELECT 99999999999999",
                        "SELECT 1, 2",
                        "INSERT INTO t VALUES (1)",
                        "'text'",
                        "SELECT 'unterminated",
                        "SELECT /* unterminated",
                        "SHOW",
                        "SET",
                        "SET a",
                        "SELECT",
                        "é")) {
            refused(ErrorCode.SYNTAX_ERROR, sql);
        }
        AnnexException error = assertThrows(AnnexException.class, () -> parse("DROP TABLE x"));
        assertTrue(String.valueOf(error.getMessage()).contains("DROP TABLE x"));
        assertTrue(error.hint().orElse("").contains("annex.index_status"));
    }

    private static Literal literal(String text) {
        return new Literal(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static void one(Statement expected, String sql) {
        assertEquals(List.of(expected), parse(sql), sql);
    }

    private static void refused(ErrorCode code, String sql) {
        AnnexException error = assertThrows(AnnexException.class, () -> parse(sql), sql);
        assertEquals(code, error.code(), sql);
    }

    private static List<Statement> parse(String sql) {
        Tokens tokens = new Tokens(ByteBuffer.wrap(sql.getBytes(StandardCharsets.UTF_8)));
        List<Statement> statements = new ArrayList<>();
        do {
            statements.add(ParseStatement.next(tokens, "v"));
        } while (tokens.kind() != Tokens.Kind.END);
        return statements;
    }
}
