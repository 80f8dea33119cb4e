package io.annexdb.sidecar.command;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** Statements and payloads: understood or refused, by the errors that a caller is to get. */
class CommandFuzzTest {
    private static final String NONCE = "0123456789abcdef0123456789abcdef";

    @Test
    void statements() {
        Fuzz.of(
                        "statements",
                        CommandFuzzTest::parse,
                        ErrorCode.SYNTAX_ERROR,
                        ErrorCode.FEATURE_NOT_SUPPORTED,
                        ErrorCode.INVALID_PARAMETER_VALUE)
                .run(
                        utf8(
                                "select annex.request('{\"a\":''1''}', 'ff')",
                                "SELECT * FROM \"annex\".Request ( $1 , E'f\\'f' ) ; ",
                                "/* x /* y */ */ SELECT 1 AS one -- z",
                                "SELECT 1; SHOW server_version;; select version()",
                                "SET SESSION application_name TO 'a b'; set timezone = 'UTC'",
                                "SHOW TRANSACTION ISOLATION LEVEL",
                                "begin; commit; rollback; discard all; deallocate all",
                                "BEGIN READ ONLY; SET extra_float_digits = -3",
                                "select current_database()",
                                "select * from annex.index_status; select * from"
                                        + " annex.sidecar_status",
                                ""));
    }

    @Test
    void payloads() {
        String head = "{\"nonce\":\"" + NONCE + "\",\"user\":\"b\\u00f6b\",\"expires\":99,";
        Fuzz.of(
                        "payloads",
                        bytes -> DecodePayload.decode(ByteBuffer.wrap(bytes)),
                        ErrorCode.INVALID_PARAMETER_VALUE,
                        ErrorCode.DIMENSION_MISMATCH,
                        ErrorCode.INVALID_VECTOR,
                        ErrorCode.FEATURE_NOT_SUPPORTED)
                .run(
                        utf8(
                                head
                                        + "\"op\":\"search\",\"index\":7,\"k\":10,\"ef\":100,"
                                        + "\"namespace\":\"n\",\"max_distance\":0.5,"
                                        + "\"consistency\":\"strong\",\"timeout_ms\":5000,"
                                        + "\"query\":[0.1,-2e-3,3]}",
                                head
                                        + "\"op\":\"rank\",\"index\":7,\"k\":2,\"query\":[1,2],"
                                        + "\"keys\":[[\"n\",\"1\"],[\"n\",\"2\"]]}",
                                head
                                        + "\"op\":\"status\",\"refresh\":true,\"unknown\":{\"a\":[1]}}"));
    }

    private static void parse(byte[] sql) {
        Tokens tokens = new Tokens(ByteBuffer.wrap(sql));
        do {
            ParseStatement.next(tokens, "v");
        } while (tokens.kind() != Tokens.Kind.END);
    }

    private static List<byte[]> utf8(String... texts) {
        return Stream.of(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    }
}
