package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;

class SqlErrorsTest {
    @ParameterizedTest
    @CsvSource({
        "22000, InvalidRequestException",
        "42704, InvalidRequestException",
        "23505, InvalidRequestException",
        "42501, AccessDeniedException",
        "28P01, AccessDeniedException",
        "57014, SearchTimeoutException",
        "57P01, IndexUnavailableException",
        "08006, IndexUnavailableException",
        "55000, IndexUnavailableException",
        "XX000, AnnexClientException"
    })
    void theStateDecidesTheClass(String state, String expected) {
        AnnexClientException error = SqlErrors.translate(new SQLException("why", state));
        assertEquals(expected, error.getClass().getSimpleName());
        assertEquals(state, error.sqlState());
        assertInstanceOf(SQLException.class, error.getCause());
    }

    @Test
    void theHintIsPrinted() {
        AnnexClientException error =
                SqlErrors.ofState("42704", "no such index", "There are: docs_embedding.", null);
        assertEquals(
                "io.annexdb.jdbc.InvalidRequestException: no such index\n"
                        + "  Hint: There are: docs_embedding.",
                error.toString());
        assertEquals(
                "io.annexdb.jdbc.AnnexClientException: why",
                SqlErrors.translate(new SQLException("why")).toString());
    }

    @Test
    void aMissingStateIsAnInternalError() {
        assertEquals("XX000", SqlErrors.translate(new SQLException("why")).sqlState());
    }
}
