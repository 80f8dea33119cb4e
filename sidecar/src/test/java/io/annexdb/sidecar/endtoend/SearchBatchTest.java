package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What {@code annex.search_batch} answers, judged by {@code annex.search} for one query after the
 * other, and where rows change meanwhile by the table.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SearchBatchTest {
    private static final long SEED = System.nanoTime();

    /** Of every selectivity; the first ones by the sidecar, the last ones by PostgreSQL. */
    private static final List<String> FILTERS =
            List.of(
                    "one_in < 1000",
                    "one_in < 10",
                    "one_in = 3",
                    "one_in < 0",
                    "one_in % 10 = 3",
                    "one_in % 1000 = 3",
                    "title like '%777%'",
                    "embedding[1] < -0.3",
                    "false",
                    "true");

    private final Random random = new Random(SEED);
    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        System.out.println("seed " + SEED);
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run("select setseed(0.5)");
        for (String table : List.of("docs", "notes")) {
            RandomRows.create(session, table);
        }
        session.run(
                "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'flat',"
                        + " namespace_column => 'tenant', include => '{one_in}')",
                "select annex.create_index('notes', 'embedding', method => 'hnsw')",
                "select annex.wait_for_index('docs_embedding', '1 minute')",
                "select annex.wait_for_index('notes_embedding', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private static List<String> batch(
            Session from, String table, float[][] queries, int k, String arguments)
            throws SQLException {
        return from.rows(
                "select ordinal, (hit).tenant, (hit).id, (hit).title, distance from"
                        + " annex.search_batch(null::"
                        + table
                        + ", 'embedding', ?, "
                        + k
                        + arguments
                        + ")",
                (Object) queries);
    }

    private static List<String> singles(
            Session from, String table, float[][] queries, int k, String arguments)
            throws SQLException {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < queries.length; i++) {
            all.addAll(
                    from.rows(
                            "select "
                                    + (i + 1)
                                    + ", (hit).tenant, (hit).id, (hit).title, distance from"
                                    + " annex.search(null::"
                                    + table
                                    + ", 'embedding', ?, "
                                    + k
                                    + arguments
                                    + ")",
                            queries[i]));
        }
        return all;
    }

    private void assertSame(String table, int count, int k, String arguments) throws SQLException {
        float[][] queries = RandomRows.queries(random, count);
        assertEquals(
                singles(session, table, queries, k, arguments),
                batch(session, table, queries, k, arguments),
                () -> table + ", k " + k + arguments + ", seed " + SEED);
    }

    @Test
    void asSingleSearches() throws SQLException {
        for (int round = 0; round < 40; round++) {
            StringBuilder arguments = new StringBuilder();
            if (random.nextInt(3) == 0) {
                arguments.append(", namespace => 'tenant ").append(random.nextInt(8)).append("'");
            }
            if (random.nextInt(2) == 0) {
                arguments
                        .append(", filter => $f$")
                        .append(FILTERS.get(random.nextInt(FILTERS.size())))
                        .append("$f$");
            }
            if (random.nextInt(4) == 0) {
                arguments.append(", max_distance => 0.").append(2 + random.nextInt(5));
            }
            if (random.nextInt(4) == 0) {
                arguments.append(", consistency => 'eventual'");
            }
            assertSame(
                    "docs", 1 + random.nextInt(30), 1 + random.nextInt(40), arguments.toString());
        }
    }

    /** The graph's answers are approximate, and the same for the same query. */
    @Test
    void asSingleSearchesOfAGraph() throws SQLException {
        assertSame("notes", 64, 10, "");
        assertSame("notes", 20, 5, ", ef_search => 20, filter => 'one_in < 3000'");
        // All rows are scanned: a candidate for each would be too many for a graph.
        assertSame("notes", 10, 2_000, "");
    }

    @Test
    void largeBatches() throws SQLException {
        assertSame("docs", 10, 10_000, ", filter => 'one_in % 2 = 0', namespace => 'tenant 1'");
        assertSame("docs", 1_000, 3, "");
    }

    @Test
    void oneRequestAndOnePosition() throws SQLException {
        float[][] queries = RandomRows.queries(random, 100);
        long batches = annex.sidecar().answered("search_batch");
        long positions = annex.sidecar().counted("annex_fence_reads_total");
        long searches = annex.sidecar().answered("search");
        assertEquals(1_000, batch(session, "docs", queries, 10, "").size());
        assertEquals(batches + 1, annex.sidecar().answered("search_batch"));
        assertEquals(positions + 1, annex.sidecar().counted("annex_fence_reads_total"));
        assertEquals(searches, annex.sidecar().answered("search"));
    }

    @Test
    void columnsAndVectorOfTheHits() throws SQLException {
        assertEquals(
                "t,t,40",
                session.value(
                        "select bool_and((s.hit).title = d.title), bool_and((s.hit).embedding is"
                                + " null), count(*) from annex.search_batch(null::docs,"
                                + " 'embedding', ?, 10) s join docs d on (d.tenant, d.id) ="
                                + " ((s.hit).tenant, (s.hit).id)",
                        (Object) RandomRows.queries(random, 4)));
        assertEquals(
                "t",
                session.value(
                        "select bool_and((s.hit).embedding = d.embedding) from"
                                + " annex.search_batch(null::docs, 'embedding', ?, with_vector =>"
                                + " true) s join docs d on (d.tenant, d.id) = ((s.hit).tenant,"
                                + " (s.hit).id)",
                        (Object) RandomRows.queries(random, 4)));
    }

    @Test
    void policiesLeaveKRowsToTheOthers() throws SQLException {
        session.run(
                "create role tenant_5 login",
                "grant select on docs to tenant_5",
                "alter table docs enable row level security",
                "create policy own on docs to tenant_5 using (tenant = 'tenant 5' and one_in <"
                        + " 500)",
                "select annex.alter_index('docs_embedding', '{\"row_security\": \"index\"}')");
        try (Session other = annex.session("tenant_5")) {
            float[][] queries = RandomRows.queries(random, 5);
            List<String> expected =
                    singles(
                            session,
                            "docs",
                            queries,
                            20,
                            ", filter => $$tenant = 'tenant 5' and one_in < 500$$");
            assertEquals(100, expected.size());
            assertEquals(expected, batch(other, "docs", queries, 20, ""));
            String filter = ", filter => 'one_in % 10 = 3'";
            assertEquals(
                    singles(other, "docs", queries, 3, filter),
                    batch(other, "docs", queries, 3, filter));
        } finally {
            session.run(
                    "drop policy own on docs",
                    "alter table docs disable row level security",
                    "drop owned by tenant_5",
                    "drop role tenant_5");
        }
    }

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

    private static final String ZEROS = "'{{0,0,0,0,0,0,0,0},{1,0,0,0,0,0,0,0}}'";

    @Test
    void ownWritesAndOldSnapshotsAreExact() throws SQLException {
        float[][] queries = RandomRows.queries(random, 3);
        long batches = annex.sidecar().answered("search_batch");
        session.run("begin");
        try (PreparedStatement insert =
                session.connection()
                        .prepareStatement("insert into docs values ('mine', 1, 1, 'own', ?)")) {
            insert.setObject(1, queries[1]);
            insert.execute();
            List<String> own =
                    batch(session, "docs", queries, 2, "").stream()
                            .filter(row -> row.contains("own"))
                            .toList();
            assertEquals(List.of("2,mine,1,own,0"), own);
        } finally {
            session.run("rollback");
        }
        session.run("begin isolation level repeatable read");
        try {
            List<String> old = batch(session, "docs", queries, 5, "");
            assertEquals(batches, annex.sidecar().answered("search_batch"));
            session.run("commit");
            assertEquals(batch(session, "docs", queries, 5, ""), old);
        } finally {
            session.run("rollback");
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

    /** Numbered from elsewhere than 1, and once with a NULL in it. */
    @Test
    void unusualArrays() throws SQLException {
        String plain =
                "select ordinal, (hit).id from annex.search_batch(null::docs, 'embedding', %s, 3)";
        List<String> expected = session.rows(plain.formatted(ZEROS));
        assertEquals(6, expected.size());
        assertEquals(
                expected,
                session.rows(
                        plain.formatted("('[5:6][0:7]=' || " + ZEROS + "::real[]::text)::real[]")));
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

    /** Every distance is that of the vector in the row as it was fetched. */
    @Test
    void whileVectorsChange() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer =
                Thread.ofPlatform()
                        .start(() -> {
                            try (Session other = annex.session()) {
                                while (!stop.get()) {
                                    other.run(
                                            "update docs set embedding = (select"
                                                    + " array_agg(random() - 0.5) from"
                                                    + " generate_series(1, 8) where id >"
                                                    + " 0)::real[] where one_in = (random()"
                                                    + " * 9999)::int");
                                }
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        try {
            for (int round = 0; round < 30; round++) {
                float[][] queries = RandomRows.queries(random, 40);
                assertEquals(
                        "400,40,t",
                        session.value(
                                "select count(*), count(distinct s.ordinal), bool_and(abs("
                                        + DISTANCE
                                        + " - s.distance) < 1e-9) from"
                                        + " annex.search_batch(null::docs, 'embedding', ?, 10,"
                                        + " with_vector => true) s, lateral (select ?::real[] as q)"
                                        + " q",
                                queries,
                                queries),
                        "seed " + SEED);
            }
        } finally {
            stop.set(true);
            writer.join();
        }
    }

    private static final String DISTANCE =
            IntStream.rangeClosed(1, RandomRows.DIMENSION)
                    .mapToObj(i ->
                            "((s.hit).embedding[%d]::float8 - q[s.ordinal][%d]::float8)"
                                    .formatted(i, i))
                    .map(difference -> difference + " * " + difference)
                    .collect(Collectors.joining(" + ", "sqrt(", ")"));

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
