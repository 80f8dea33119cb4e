package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;

/** What {@code annex.search_batch} refuses, with what words, and what it does without a sidecar. */
class SearchBatchRefusalsTest extends BatchScene {
    @Test
    void privilegesAreTheCallers() throws SQLException {
        session.run("create role nobody_else login", "create role half login");
        session.run("grant select (tenant, id, title) on docs to half");
        try (Session nobody = annex.session("nobody_else");
                Session half = annex.session("half")) {
            String search = "select * from annex.search_batch(null::docs, 'embedding', " + ZEROS;
            nobody.refuses("42501", "permission denied for table", search + ")");
            half.refuses("42501", "permission denied for table", search + ")");
            nobody.refuses(
                    "42501",
                    "permission denied for table",
                    "select annex_internal.ask_batch((select index_id from annex.indexes where"
                            + " index_name = 'docs_embedding'), 'search_batch', '[[1]]', 1, 1,"
                            + " null, null, 'strong', 100, null, null)");
        } finally {
            session.run("drop owned by half", "drop role nobody_else", "drop role half");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "null | 22004 | queries is NULL",
                "'{}' | 22023 | queries is empty",
                "'{1,2}' | 22P02 | queries has 1 dimension as an array, expected 2",
                "'{{{1}}}' | 22P02 | queries has 3 dimensions as an array",
                "'{{1,2}}' | 22000 | expected 8 dimensions, not 2",
                "'{{0,0,0,0,0,0,0,0},{1,0,NaN,0,0,0,0,0}}' | 22P02 | element 3 of query 2 is NaN",
                "'{{0,0,0,0,0,0,0,0},{-Infinity,0,0,0,0,0,0,0}}' | 22P02 | element 1 of query 2 is"
                        + " -Infinity",
                "'{{0,0,0,0,0,0,0,0},{1,0,0,0,0,0,0,null}}' | 22P02 | element 8 of query 2 is NULL",
                "array_fill(1::real, array[1001, 8]) | 22023 | the batch has 1001 queries, allowed"
                        + " are 1000",
                "array_fill(1::real, array[500, 2000]) | 22023 | 500 queries of 2000 dimensions"
                        + " have 1000000 elements, allowed are 500000",
                "array_fill(1::real, array[11, 8]), k => 10000 | 22023 | 11 queries with k = 10000"
                        + " ask for 110000 rows, allowed are 100000",
                "ZEROS, k => 0 | 22023 | k is 0",
                "ZEROS, k => null | 22023 | k is NULL",
                "ZEROS, max_distance => 'NaN' | 22023 | max_distance is not a number",
                "ZEROS, ef_search => 0 | 22023 | ef_search is 0",
                "ZEROS, consistency => 'often' | 22023 | unknown consistency",
                "ZEROS, filter => 'no_such > 1' | 42703 | no_such",
                "ZEROS, filter => 'true) union all select (1' | 42601 | filter",
            })
    void whatIsWrongIsSaid(String arguments, String state, String words) {
        String call =
                "select * from annex.search_batch(null::docs, 'embedding', "
                        + arguments.replace("ZEROS", ZEROS)
                        + ")";
        session.refuses(state, words, call);
    }

    /** PostgreSQL itself has no array of that shape. */
    @Test
    void vectorsOfSeveralLengths() {
        SQLException thrown =
                assertThrows(
                        SQLException.class,
                        () ->
                                session.run(
                                        "select * from annex.search_batch(null::docs, 'embedding',"
                                                + " array[array[1, 2], array[1]])"));
        assertEquals("2202E", thrown.getSQLState());
    }

    @Test
    void zeroVectorsHaveNoCosine() {
        session.refuses(
                "22P02",
                "query 1 is a zero vector",
                "select * from annex.search_batch(null::notes, 'embedding', " + ZEROS + ")");
    }

    @Test
    void aSidecarThatIsDownIsReplacedByExactSqlOrAnError() throws SQLException {
        float[][] queries = RandomRows.queries(random, 3);
        List<String> expected = batch(session, "docs", queries, 4, "");
        annex.stopSidecar();
        try (Session patient = annex.session()) {
            session.refuses(
                    "08006",
                    "annex_0",
                    "select * from annex.search_batch(null::docs, 'embedding', " + ZEROS + ")");
            patient.run("set annex.fallback = 'exact'");
            assertEquals(expected, batch(patient, "docs", queries, 4, ""));
            @Nullable String warning =
                    patient.warningOf(
                            "select * from annex.search_batch(null::docs, 'embedding', "
                                    + ZEROS
                                    + ")");
            assertTrue(
                    warning != null && warning.contains("exact SQL answers"),
                    String.valueOf(warning));
        } finally {
            annex.startSidecar();
            session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        }
    }

    @Test
    void cancelEndsTheWholeBatch() throws Exception {
        try (Session other = annex.session()) {
            other.run("set statement_timeout = '1ms'");
            SQLException thrown =
                    assertThrows(
                            SQLException.class,
                            () -> batch(other, "docs", RandomRows.queries(random, 1_000), 50, ""));
            assertEquals("57014", thrown.getSQLState());
            other.run("set statement_timeout = 0");
            assertEquals(
                    Arrays.asList("1", "2"),
                    other.rows(
                            "select ordinal from annex.search_batch(null::docs, 'embedding', "
                                    + ZEROS
                                    + ", 1)"));
        }
    }
}
