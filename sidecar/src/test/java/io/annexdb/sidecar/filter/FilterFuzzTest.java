package io.annexdb.sidecar.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Texts that are almost filters: parsed, or left to PostgreSQL, and that soon. */
class FilterFuzzTest {
    private static final List<IncludedColumn> COLUMNS =
            List.of(
                    new IncludedColumn("price", AttributeType.BIGINT, false, -1, 1),
                    new IncludedColumn("label", AttributeType.TEXT, true, -1, 2),
                    new IncludedColumn("flag", AttributeType.BOOLEAN, false, -1, 3),
                    new IncludedColumn("tags", AttributeType.TEXT_ARRAY, true, -1, 4),
                    new IncludedColumn("day", AttributeType.DATE, false, -1, 5));

    private static final List<byte[]> FILTERS =
            Stream.of(
                            "price = 7 and label = 'it''s' or not flag",
                            "price between -1 and 10 and label like 'a%_' and day >= '2026-11-21'",
                            "tags && array['a', 'b'] or tags @> '{c,\"d e\"}'",
                            "(price in (1, 2, 3) or label not in ('x', 'y')) and flag is not true",
                            "price is null or ((label < 'b') and (day is not null))",
                            "flag or (not (price <> 5.5e3) and label >= 'zz')")
                    .map(text -> text.getBytes(StandardCharsets.UTF_8))
                    .toList();

    /** A parser of a whole language of queries does it. */
    private static final int DEARNESS = 5;

    @Test
    void filters() {
        Fuzz.of("filters", FilterFuzzTest::parse, ErrorCode.FILTER_NOT_EVALUABLE)
                .allowing(8 << 20, 64 << 10)
                .runAll(FILTERS, DEARNESS);
    }

    /** What makes recursive descent go deep or come back: it has to end all the same. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "not ",
                "case when ",
                "array[",
                "price[",
                "- ",
                "price in (",
                "exists (",
                "[",
                "{",
                "price = ",
                "a.",
                "price between ",
                "cast(",
                "f(",
                "((price = 1) and ",
                "price + ",
                "label like ",
                "interval '",
                "any (array["
            })
    void repeated(String part) {
        String text = part.repeat((200 << 10) / part.length());
        assertTimeoutPreemptively(
                Duration.ofSeconds(5),
                () -> {
                    AnnexException refused =
                            assertThrows(AnnexException.class, () -> parse(text + "1"), part);
                    assertEquals(ErrorCode.FILTER_NOT_EVALUABLE, refused.code());
                });
    }

    private static void parse(byte[] text) {
        parse(new String(text, StandardCharsets.UTF_8));
    }

    private static void parse(String text) {
        ParseFilter.parse(text, COLUMNS, Set.of("price", "label", "flag", "tags", "day"), true);
    }
}
