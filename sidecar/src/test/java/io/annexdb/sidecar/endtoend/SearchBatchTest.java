package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What {@code annex.search_batch} answers, judged by {@code annex.search} for one query after the
 * other, and where rows change meanwhile by the table.
 */
class SearchBatchTest extends BatchScene {
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
}
