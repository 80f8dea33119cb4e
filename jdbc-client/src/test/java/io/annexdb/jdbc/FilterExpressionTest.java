package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class FilterExpressionTest {
    @Test
    void placeholdersBecomeLiterals() {
        assertEquals(
                "lang = 'en' AND price < (-5) AND id = ANY(ARRAY[1, 2])",
                bind("lang = ? AND price < ? AND id = ANY(?)", "en", -5, List.of(1, 2)));
        assertEquals(
                "a IS NOT DISTINCT FROM NULL", bind("a IS NOT DISTINCT FROM ?", (Object) null));
    }

    @Test
    void aDoubledQuestionMarkIsTheOperator() {
        assertEquals("tags ? 'x' AND n = 1", bind("tags ?? 'x' AND n = ?", 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a = 'why?'",
                "a = 'it''s?'",
                "\"odd?column\" = 1",
                "\"odd\"\"?\" = 1",
                "a = E'\\'?'",
                "a = e'\\\\' AND b = 'x'",
                "a = $$?$$",
                "a = $tag$ ? $$ ? $tag$",
                "a = 1 -- really?\n AND b = 2",
                "a /* ? /* ? */ ? */ = 1",
                "some$column$ = 1",
                "price = $1"
            })
    void aQuestionMarkInsideAStringOrCommentStays(String expression) {
        assertEquals(expression, bind(expression));
    }

    @Test
    void aBackslashBeforeTheQuoteEndsAPlainString() {
        assertEquals("a = '\\' AND b = 1", bind("a = '\\' AND b = ?", 1));
        assertEquals("type'\\' AND b = 1", bind("type'\\' AND b = ?", 1));
    }

    @Test
    void anInjectedValueStaysAValue() {
        assertEquals("a = 'x'' OR true --'", bind("a = ?", "x' OR true --"));
        assertEquals("a =  E'\\\\'' OR true --'", bind("a = ?", "\\' OR true --"));
    }

    @Test
    void aWrongNumberOfParametersIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> bind("a = ?"));
        assertThrows(IllegalArgumentException.class, () -> bind("a = ?", 1, 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a = 'x", "\"a = 1", "a = $$x", "a /* /* */", "a = E'\\'"})
    void whatDoesNotEndIsRefused(String expression) {
        assertThrows(IllegalArgumentException.class, () -> bind(expression));
    }

    private static String bind(String expression, @Nullable Object... parameters) {
        return FilterExpression.bind(expression, parameters);
    }
}
