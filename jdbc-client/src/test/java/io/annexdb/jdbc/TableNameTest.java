package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableNameTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "docs",
                "memory.memory_entries",
                "\"My Schema\".\"a\"\"b\"",
                "_x1$",
                "größe"
            })
    void namesOfTablesAreTaken(String name) {
        assertEquals(name, TableName.parse(name).sql());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a.b.c",
                "docs; DROP TABLE x",
                "docs--",
                "\"a",
                "1a",
                "a.",
                "(docs)"
            })
    void allElseIsRefused(String name) {
        assertThrows(IllegalArgumentException.class, () -> TableName.parse(name));
    }

    @Test
    void identifiersAreQuotedWhole() {
        assertEquals("\"a\"\"b. c\"", TableName.quoted("a\"b. c"));
        assertThrows(IllegalArgumentException.class, () -> TableName.quoted(""));
    }
}
