package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What {@code annex.search} answers, judged by exact SQL over the table. The index is flat, so the
 * answers must be the same to the last row.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SearchTest {
    private static final long SEED = 20261121;

    /**
     * Of column embedding and q, written out, so that it owes nothing to the functions under test.
     */
    private static final String DISTANCE =
            IntStream.rangeClosed(1, RandomRows.DIMENSION)
                    .mapToObj(i -> "(embedding[%d]::float8 - q[%d]::float8)".formatted(i, i))
                    .map(difference -> difference + " * " + difference)
                    .collect(Collectors.joining(" + ", "sqrt(", ")"));

    private final Random random = new Random(SEED);
    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        System.out.println("seed " + SEED);
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run("select setseed(0.5)");
        RandomRows.create(session, "docs");
        session.run(
                "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'flat',"
                        + " namespace_column => 'tenant')",
                "select annex.wait_for_index('docs_embedding', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private List<String> exact(float[] query, int k, String where) throws SQLException {
        return session.rows(
                "select tenant, id, "
                        + DISTANCE
                        + " as d from docs, (select ?::real[] as q) q where "
                        + where
                        + " order by d, tenant, id limit "
                        + k,
                query);
    }

    private void assertSearch(int k, String arguments, String where) throws SQLException {
        float[] query = RandomRows.query(random);
        long answered = answered();
        List<String> found =
                session.rows(
                        "select (hit).tenant, (hit).id, distance from annex.search(null::docs,"
                                + " 'embedding', ?, "
                                + k
                                + arguments
                                + ")",
                        query);
        List<String> expected = exact(query, k, where);
        assertEquals(expected, found);
        // Where PostgreSQL itself finds that no row matches, there is nothing to ask.
        assertTrue(expected.isEmpty() || answered() > answered, "the sidecar was not asked");
    }

    private long answered() {
        return annex.sidecar().answered("search") + annex.sidecar().answered("rank");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 333, 10_000})
    void nearestFirst(int k) throws SQLException {
        assertSearch(k, "", "true");
    }

    @Test
    void allRowsWhenThereAreFewerThanK() throws SQLException {
        assertSearch(10_000, ", namespace => 'tenant 3'", "tenant = 'tenant 3'");
    }

    @Test
    void oneNamespace() throws SQLException {
        assertSearch(10, ", namespace => 'tenant 3'", "tenant = 'tenant 3'");
        assertSearch(10, ", namespace => 'nobody'", "tenant = 'nobody'");
    }

    @Test
    void withinADistance() throws SQLException {
        float[] query = RandomRows.query(random);
        List<String> found =
                session.rows(
                        "select (hit).tenant, (hit).id, distance from annex.search(null::docs,"
                                + " 'embedding', ?, 10000, max_distance => 0.5)",
                        query);
        List<String> expected =
                session.rows(
                        "select tenant, id, d from (select *, "
                                + DISTANCE
                                + " as d from docs, (select ?::real[] as q) q) docs where d <= 0.5"
                                + " order by d, tenant, id",
                        query);
        assertEquals(expected, found);
        assertTrue(found.size() > 5, "a distance that says something: " + found.size());
    }

    /** From 10 % down to 0.01 %: k rows whenever k match. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "one_in % 10 = 3",
                "one_in % 100 = 3",
                "one_in % 1000 = 3",
                "one_in = 3",
                "one_in < 1000",
                "one_in < 100",
                "one_in < 10",
                "one_in < 1",
                "title like '%77%'",
                "exists (select from annex.indexes) and id > 19900",
                "false",
                "true"
            })
    void filtered(String filter) throws SQLException {
        for (int k : new int[] {1, 10, 100}) {
            assertSearch(k, ", filter => $f$" + filter + "$f$", filter);
        }
        assertSearch(
                10,
                ", namespace => 'tenant 2', filter => $f$" + filter + "$f$",
                "tenant = 'tenant 2' and (" + filter + ")");
    }

    /** A filter that nothing near the query passes: the planner's estimate is of no use. */
    @Test
    void filteredAgainstTheGrain() throws SQLException {
        float[] query = new float[RandomRows.DIMENSION];
        query[0] = 1;
        List<String> found =
                session.rows(
                        "select (hit).tenant, (hit).id, distance from annex.search(null::docs,"
                                + " 'embedding', ?, 10, filter => 'embedding[1] < -0.3')",
                        query);
        assertEquals(exact(query, 10, "embedding[1] < -0.3"), found);
        assertEquals(10, found.size());
    }

    @Test
    void columnsAndVectorOfTheHit() throws SQLException {
        float[] query = RandomRows.query(random);
        assertEquals(
                "t,t",
                session.value(
                        "select bool_and((s.hit).title = d.title), bool_and((s.hit).embedding is"
                                + " null) from annex.search(null::docs, 'embedding', ?) s join docs"
                                + " d on (d.tenant, d.id) = ((s.hit).tenant, (s.hit).id)",
                        query));
        assertEquals(
                "t",
                session.value(
                        "select bool_and((s.hit).embedding = d.embedding) from"
                                + " annex.search(null::docs, 'embedding', ?, with_vector => true) s"
                                + " join docs d on (d.tenant, d.id) = ((s.hit).tenant, (s.hit).id)",
                        query));
    }

    @Test
    void nearestGivesTheSameKeys() throws SQLException {
        float[] query = RandomRows.query(random);
        assertEquals(
                session.rows(
                        "select jsonb_build_object('tenant', (hit).tenant, 'id', (hit).id),"
                                + " distance from annex.search(null::docs, 'embedding', ?, 5)",
                        query),
                session.rows("select * from annex.nearest('docs_embedding', ?, 5)", query));
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
            float[] query = RandomRows.query(random);
            assertEquals(
                    exact(query, 20, "tenant = 'tenant 5' and one_in < 500"),
                    other.rows(
                            "select (hit).tenant, (hit).id, distance from annex.search(null::docs,"
                                    + " 'embedding', ?, 20)",
                            query));
        } finally {
            session.run(
                    "drop policy own on docs",
                    "alter table docs disable row level security",
                    "drop owned by tenant_5",
                    "drop role tenant_5");
        }
    }

    @Test
    void statusIsTold() throws SQLException {
        assertEquals(
                "docs_embedding,ready,1,1,20000,0,8",
                session.value(
                        "select index_name, state, shards, ready_shards, rows, skipped, dimension"
                                + " from annex.index_status"));
        assertEquals(
                "docs_embedding,ready,100",
                session.value("select index_name, state, percent from annex.index_progress"));
        assertEquals(
                "annex_0,t,main,annex_main,t,null",
                session.value(
                        "select sidecar, reachable, name, slot, streaming, error from"
                                + " annex.sidecar_status"));
    }

    /** Where no superuser has installed the event trigger that follows them. */
    @Test
    void altersAreSeenWithoutATriggerToo() throws SQLException {
        session.run(
                "alter event trigger annex_follow_changes disable",
                "alter table docs add column extra text default 'more'",
                "alter event trigger annex_follow_changes enable");
        try {
            assertSearch(20, "", "true");
            assertSearch(20, ", filter => 'one_in % 10 = 3'", "one_in % 10 = 3");
            assertEquals(
                    "more,t",
                    session.value(
                            "select (hit).extra, (hit).embedding is null from"
                                    + " annex.search(null::docs, 'embedding', ?, 1)",
                            RandomRows.query(random)));
        } finally {
            session.run("alter table docs drop column extra");
        }
    }

    @Test
    void altersOfTheTableAreFollowed() throws SQLException {
        session.run("alter table docs add column extra text default 'more'");
        try {
            assertEquals(
                    "more",
                    session.value(
                            "select (hit).extra from annex.search(null::docs, 'embedding', ?, 1)",
                            RandomRows.query(random)));
        } finally {
            session.run("alter table docs drop column extra");
        }
        assertSearch(5, "", "true");
    }

    @Test
    void aroundASearchNoPlanIsParallel() throws SQLException {
        try (Session eager = annex.session()) {
            eager.run(
                    "set parallel_setup_cost = 0",
                    "set parallel_tuple_cost = 0",
                    "set min_parallel_table_scan_size = 0");
            assertTrue(
                    eager.rows("explain select count(*) from docs").toString().contains("Gather"));
            assertEquals(
                    "10",
                    eager.value(
                            "select count(*) from docs d, lateral annex.search(null::docs,"
                                    + " 'embedding', d.embedding, 1, filter => 'id = ' || d.id) s"
                                    + " where d.id % 2000 = 0 and s.distance < 1e-6"));
            assertEquals(
                    "10",
                    eager.value(
                            "select count(*) from docs d, lateral annex.nearest('docs_embedding',"
                                    + " d.embedding, 1, filter => 'id = ' || d.id) s"
                                    + " where d.id % 2000 = 0 and s.distance < 1e-6"));
            assertEquals(
                    "20000",
                    eager.value("select count(*) from docs, annex.sidecar_status where reachable"));
        }
    }
}
