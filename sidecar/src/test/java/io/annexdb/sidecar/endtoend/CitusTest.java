package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.migrations.AnnexMigrations;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Coordinator, two workers, three sidecars. Needs a PostgreSQL with Citus on the PATH. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CitusTest {
    private static final int ROWS = 3_000;
    private static final String QUERY = "'{0.1,0.9,-0.4}'";

    /** Judge: exact SQL on the coordinator. */
    private static final String EXACT =
            "select e.namespace, e.id, annex.distance('l2', e.embedding, "
                    + QUERY
                    + ") as d"
                    + " from memory.memory_entries e ";

    private CitusCluster cluster;
    private Session session;

    @BeforeAll
    void start(@TempDir Path files) throws Exception {
        Optional<Path> installation = InstalledPostgres.installationWithCitus();
        assumeTrue(installation.isPresent(), "skipped: pg_config names no PostgreSQL with Citus");
        cluster = CitusCluster.start(installation.get(), files);
        session = cluster.coordinator();
        session.run(
                "select setseed(0.7)",
                "insert into memory.memory_entries (namespace, id, category, content, embedding)"
                    + " select 'ns' || i % 7, i, 'k' || i % 10, 'text ' || i, array[random() - 0.5,"
                    + " random() - 0.5, random() - 0.5] from generate_series(1, "
                        + ROWS
                        + ") i",
                "create table kinds (id int primary key, name text, embedding real[])",
                "select create_reference_table('kinds')",
                "insert into kinds select i, 'kind ' || i, array[i, 1] from generate_series(1, 20)"
                        + " i",
                "select annex.create_index('memory.memory_entries', 'embedding', metric => 'l2',"
                        + " method => 'flat', include => '{category, content}')",
                "select annex.create_index('kinds', 'embedding', metric => 'l2')",
                "select annex.wait_for_index('memory_entries_embedding', '1 minute')",
                "select annex.wait_for_index('kinds_embedding', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        if (session != null) {
            session.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private static String search(int k, String arguments) {
        return "annex.search(null::memory.memory_entries, 'embedding', "
                + QUERY
                + ", "
                + k
                + arguments
                + ")";
    }

    private void assertSearch(Session from, int k, String arguments, String where)
            throws SQLException {
        assertEquals(
                session.rows(EXACT + where + " order by d, e.namespace, e.id limit " + k),
                from.rows(
                        "select (hit).namespace, (hit).id, distance from " + search(k, arguments)));
    }

    @Test
    void theMigrationsDistributeTheTables() throws SQLException {
        assertEquals(
                List.of("h,5,1,6", "n,3,1,1"),
                session.rows(
                        "select partmethod, count(*), count(distinct colocationid), max((select"
                            + " count(*) from pg_dist_shard s where s.logicalrelid ="
                            + " p.logicalrelid)) from pg_dist_partition p where logicalrelid::text"
                            + " like 'memory.%' group by 1 order by 1"));
        assertEquals(
                0,
                AnnexMigrations.migrate(
                        cluster.url(0), "postgres", null, Map.of("shardCount", "6")));
        assertEquals(
                "namespace,t",
                session.value(
                        "select namespace_column, namespace_routes from memory.vector_indexes where"
                                + " index_name = 'memory_entries_embedding'"));
    }

    @Test
    void enablingCitusLaterDistributesThemThen() throws SQLException {
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session each = cluster.node(node)) {
                each.run("create database later");
            }
        }
        String url = cluster.url(0, "later");
        assertTrue(AnnexMigrations.migrate(url, "postgres", null, Map.of()) > 5);
        try (Session later = Session.open(url, "postgres")) {
            later.run(
                    "insert into memory.memory_entries (namespace, content, embedding) values ('a',"
                            + " 'b', '{1}')",
                    "select annex.create_index('memory.memory_entries', 'embedding',"
                            + " namespace_column => 'namespace')");
        }
        cluster.join("later");
        assertTrue(AnnexMigrations.migrate(url, "postgres", null, Map.of()) > 5);
        assertEquals(0, AnnexMigrations.migrate(url, "postgres", null, Map.of()));
        try (Session later = Session.open(url, "postgres");
                Session worker = Session.open(cluster.url(1, "later"), "postgres")) {
            assertEquals("8", later.value("select count(*) from pg_dist_partition"));
            assertEquals("t", later.value("select namespace_routes from memory.vector_indexes"));
            assertEquals("1", worker.value("select count(*) from memory.memory_entries"));
            assertEquals(
                    "12",
                    later.value(
                            "select sum(result::int) from run_command_on_all_nodes('select count(*)"
                                    + " from annex.local_shards()')"));
        }
    }

    @Test
    void eachSidecarIndexesItsOwnShards() throws SQLException {
        assertEquals(
                "6,6,3000,ready",
                session.value(
                        "select shards, ready_shards, rows, state from annex.index_status where"
                                + " index_name = 'memory_entries_embedding'"));
        assertEquals(
                List.of("annex_0,t,t", "annex_1,t,t", "annex_2,t,t"),
                session.rows("select sidecar, reachable, streaming from annex.sidecar_status"));
    }

    @Test
    void oneNamespaceAsksOneSidecar() throws SQLException {
        for (int namespace = 0; namespace < 7; namespace++) {
            long[] before = cluster.answered();
            assertSearch(
                    session,
                    10,
                    ", namespace => 'ns" + namespace + "'",
                    "where e.namespace = 'ns" + namespace + "'");
            long[] after = cluster.answered();
            long asked = 0;
            for (int node = 0; node < CitusCluster.NODES; node++) {
                asked += after[node] - before[node];
            }
            assertEquals(1, asked);
            assertEquals(before[0], after[0], "the coordinator has no shard of it");
        }
    }

    @Test
    void allNamespacesAskAllAndMerge() throws SQLException {
        long[] before = cluster.answered();
        assertSearch(session, 25, "", "");
        assertArrayEquals(new long[] {before[0], before[1] + 1, before[2] + 1}, cluster.answered());
        assertSearch(session, 2_900, "", "");
        assertSearch(session, 10_000, "", "");
    }

    @Test
    void aReferenceTableAsksTheSidecarBesideTheNode() throws SQLException {
        String search =
                "select (hit).id, distance from annex.search(null::kinds, 'embedding', '{7,1}', 1)";
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session each = cluster.node(node)) {
                long[] before = cluster.answered();
                assertEquals("7,0", each.value(search));
                before[node]++;
                assertArrayEquals(before, cluster.answered());
            }
        }
    }

    /** Every sidecar filters itself, so it is asked once, however rare the rows are. */
    @Test
    void filteredByIncludedColumns() throws SQLException {
        long[] before = cluster.answered();
        assertSearch(
                session,
                10,
                ", filter => $$content = 'text 77' or category = 'k3' and content like '%123%'$$",
                "where content = 'text 77' or category = 'k3' and content like '%123%'");
        assertArrayEquals(new long[] {before[0], before[1] + 1, before[2] + 1}, cluster.answered());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "e.category = 'k3'",
                "e.id % 300 = 7",
                "e.id = 77",
                "e.content like '%99%'",
                "false"
            })
    void filtered(String filter) throws SQLException {
        String argument = ", filter => $$" + filter.replace("e.", "memory_entries.") + "$$";
        assertSearch(session, 10, argument, "where " + filter);
        assertSearch(
                session,
                10,
                argument + ", namespace => 'ns3'",
                "where e.namespace = 'ns3' and " + filter);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ", namespace => 'ns3'",
                ", filter => $$category = 'k3'$$",
                ", filter => 'id % 30 = 7', namespace => 'ns5'",
            })
    void aBatchAsSingleSearches(String arguments) throws SQLException {
        List<String> queries = List.of(QUERY, "'{0.4,-0.1,0.2}'", "'{-0.3,0.3,0}'");
        String array = "array[" + String.join("::real[],", queries) + "::real[]]";
        String columns = ", (hit).namespace, (hit).id, distance from ";
        String search = search(7, arguments);
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session from = cluster.node(node)) {
                List<String> expected = new ArrayList<>();
                for (int i = 0; i < queries.size(); i++) {
                    String single = search.replace(QUERY, queries.get(i));
                    expected.addAll(from.rows("select " + (i + 1) + columns + single));
                }
                String batch = search.replace("search(", "search_batch(").replace(QUERY, array);
                assertEquals(expected, from.rows("select ordinal" + columns + batch));
            }
        }
    }

    @Test
    void callsOnAWorkerAnswerTheSame() throws SQLException {
        for (int node = 1; node < CitusCluster.NODES; node++) {
            try (Session worker = cluster.node(node)) {
                assertSearch(worker, 10, "", "");
                assertSearch(worker, 10, ", namespace => 'ns1'", "where e.namespace = 'ns1'");
                worker.refuses(
                        "55000",
                        "on a worker",
                        "select annex.create_index('memory.patterns', 'embedding')");
            }
        }
    }

    /** C1: each place in a query where Citus may run the function on a worker, inside a task. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "join with one namespace | select e.namespace, e.id, s.distance from"
                        + " memory.memory_entries e join SEARCH s on (s.hit).id = e.id where"
                        + " e.namespace = 'ns1' order by 3",
                "materialized CTE | with s as materialized (select (hit).id, distance from SEARCH)"
                    + " select e.namespace, e.id, s.distance from memory.memory_entries e join s on"
                    + " s.id = e.id where e.namespace = 'ns1' order by 3",
                "offset 0 | select e.namespace, e.id, s.distance from memory.memory_entries e join"
                        + " (select (hit).id, distance from SEARCH offset 0) s on s.id = e.id where"
                        + " e.namespace = 'ns1' order by 3",
                "in subquery | select e.namespace, e.id, annex.distance('l2', e.embedding, QUERY)"
                        + " as d from memory.memory_entries e where e.namespace = 'ns1' and e.id in"
                        + " (select (hit).id from SEARCH) order by 3",
                "scalar subquery | select e.namespace, e.id, (select min(distance) from SEARCH)"
                    + " from memory.memory_entries e where e.namespace = 'ns1' and e.id = NEAREST",
                "multi-shard join | select e.namespace, e.id, s.distance from memory.memory_entries"
                    + " e join SEARCH s on (s.hit).id = e.id and (s.hit).namespace = e.namespace"
                    + " order by 3",
                "join with a reference table | select (s.hit).namespace, (s.hit).id, s.distance"
                        + " from kinds r, SEARCH s where r.id = 1 order by 3",
                "lateral over values | select (s.hit).namespace, (s.hit).id, s.distance from"
                        + " (values (1)) v, lateral SEARCH s order by 3",
            })
    void isRightInEveryContext(String context, String sql) throws SQLException {
        List<String> expected =
                session.rows(EXACT + "where e.namespace = 'ns1' order by d limit 3");
        boolean one = context.equals("scalar subquery");
        String nearest =
                session.value(
                        "select e.id from memory.memory_entries e where e.namespace = 'ns1' order"
                                + " by annex.distance('l2', e.embedding, "
                                + QUERY
                                + ") limit 1");
        assertEquals(
                one ? expected.subList(0, 1) : expected,
                session.rows(
                        sql.replace("SEARCH", search(3, ", namespace => 'ns1'"))
                                .replace("QUERY", QUERY)
                                .replace("NEAREST", nearest)),
                context);
    }

    @Test
    void lateralOverADistributedTable() throws SQLException {
        assertEquals(
                List.of("1,1,0", "8,8,0"),
                session.rows(
                        "select e.id, (s.hit).id, s.distance from memory.memory_entries e, lateral"
                            + " annex.search(null::memory.memory_entries, 'embedding', e.embedding,"
                            + " 1, 'ns1') s where e.namespace = 'ns1' and e.id in (1, 8) order"
                            + " by 1"));
    }

    @Test
    void writesFromASearch() throws SQLException {
        session.run("begin");
        session.run(
                "insert into memory.patterns (namespace, kind, description) select (hit).namespace,"
                        + " 'x', (hit).content from "
                        + search(3, ", namespace => 'ns1'"),
                "update memory.memory_entries set category = 'found' where namespace = 'ns1' and id"
                        + " in (select (hit).id from "
                        + search(3, ", namespace => 'ns2'")
                        + ")");
        assertEquals("3", session.value("select count(*) from memory.patterns"));
        session.run("rollback");
        session.run(
                "update memory.memory_entries set category = category where namespace = 'ns1' and"
                        + " id in (select (hit).id from "
                        + search(3, ", namespace => 'ns1'")
                        + ")");
    }

    @Test
    void nestedInATransactionBlockItRefusesUnlessNothingCanHaveBeenWritten() throws SQLException {
        String nested =
                "select e.id from memory.memory_entries e join "
                        + search(3, ", namespace => 'ns1'")
                        + " s on (s.hit).id = e.id where e.namespace = 'ns1'";
        session.run("begin");
        session.run(
                "update memory.memory_entries set category = category where namespace = 'ns2' and"
                        + " id = 2");
        session.refuses("0A000", "inside a task of a worker", nested);
        session.run("rollback", "begin read only");
        assertEquals(3, session.rows(nested).size());
        session.run("rollback");
    }

    @Test
    void aTransactionSeesItsOwnWrites() throws SQLException {
        String insert =
                "insert into memory.memory_entries (namespace, id, content, embedding) values"
                        + " ('ns1', 1000000, 'mine', "
                        + QUERY
                        + ")";
        String nearest = "select (hit).id from " + search(1, "");
        session.run("begin", insert);
        assertEquals("1000000", session.value(nearest));
        assertEquals(
                "1000000",
                session.value("select (hit).id from " + search(1, ", namespace => 'ns1'")));
        session.run("rollback");
        // Written earlier in the same statement's function, where no clock tells statements apart.
        session.run(
                "create function write_and_search() returns bigint language plpgsql as $$ begin "
                        + insert
                        + "; return (select (hit).id from "
                        + search(1, "")
                        + "); end $$",
                "begin");
        assertEquals("1000000", session.value("select write_and_search()"));
        session.run("rollback", "drop function write_and_search()");
        session.run("begin isolation level repeatable read");
        assertEquals(1, session.rows(nearest).size());
        session.run("rollback");
    }

    @Test
    void everyCommitOnEveryShardIsSeenAtOnce() throws SQLException {
        for (int i = 0; i < 100; i++) {
            session.run(
                    "insert into memory.memory_entries (namespace, id, content, embedding) values"
                            + " ('new"
                            + i % 10
                            + "', "
                            + (2_000_000 + i)
                            + ", 'x', array[5, 5, "
                            + i
                            + "])");
            assertEquals(
                    String.valueOf(2_000_000 + i),
                    session.value(
                            "select (hit).id from annex.search(null::memory.memory_entries,"
                                    + " 'embedding', array[5, 5, "
                                    + i
                                    + "]::real[], 1)"));
        }
        session.run("delete from memory.memory_entries where id >= 2000000");
        assertSearch(session, 10, "", "");
    }

    @Test
    void withoutOneOfItsSidecarsItDoesNotAnswerByHalves() throws SQLException {
        cluster.restartSidecar(
                2,
                () -> {
                    try (Session fresh = cluster.coordinator()) {
                        fresh.refuses("08006", "annex_2", "select * from " + search(3, ""));
                        fresh.run("set annex.fallback to exact");
                        assertTrue(
                                String.valueOf(fresh.warningOf("select * from " + search(3, "")))
                                        .contains("exact SQL answers"));
                        assertSearch(fresh, 10, "", "");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
        session.run("select annex.wait_for_index('memory_entries_embedding', '1 minute')");
        assertSearch(session, 10, "", "");
    }

    @Test
    void policiesHoldOnEveryNode() throws SQLException {
        session.run(
                "create role one_tenant login",
                "grant usage on schema memory to one_tenant",
                "grant select on memory.memory_entries to one_tenant",
                "alter table memory.memory_entries enable row level security");
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session each = cluster.node(node)) {
                each.run("set citus.enable_ddl_propagation to off");
            }
        }
        session.run(
                "create policy own on memory.memory_entries to one_tenant using (namespace ="
                        + " 'ns4')");
        try (Session tenant = Session.open(cluster.url(0), "one_tenant")) {
            assertSearch(tenant, 10, "", "where e.namespace = 'ns4'");
        } finally {
            session.run(
                    "drop policy own on memory.memory_entries",
                    "alter table memory.memory_entries disable row level security");
        }
    }

    @Test
    void altersOfADistributedTableAreSeen() throws SQLException {
        session.run("alter table memory.memory_entries add column extra text default 'more'");
        try {
            assertSearch(session, 10, "", "");
            assertEquals("more", session.value("select (hit).extra from " + search(1, "")));
            session.rows("select * from annex.setup(null)");
            assertEquals("more", session.value("select (hit).extra from " + search(1, "")));
        } finally {
            session.run("alter table memory.memory_entries drop column extra");
        }
        assertSearch(session, 10, "", "");
        session.rows("select * from annex.setup(null)");
        assertSearch(session, 10, ", namespace => 'ns1'", "where e.namespace = 'ns1'");
    }

    @Test
    void dropIndexLeavesNothingOnAnyNode() throws Exception {
        session.run(
                "create table short_lived (tenant int, id int, embedding real[], primary key"
                        + " (tenant, id))",
                "select create_distributed_table('short_lived', 'tenant', shard_count => 4)",
                "insert into short_lived select i % 5, i, array[i, 1] from generate_series(1, 50)"
                        + " i",
                "select annex.create_index('short_lived', 'embedding', metric => 'l2')",
                "select annex.wait_for_index('short_lived_embedding', '1 minute')");
        assertEquals(
                "3,17",
                session.value(
                        "select (hit).tenant, (hit).id + 4 from annex.search(null::short_lived,"
                                + " 'embedding', '{13,1}', 1, namespace => '3')"));
        session.run("drop table short_lived");
        assertEquals("2", session.value("select count(*) from annex.indexes"));
        assertEquals(
                "0",
                session.value(
                        "select sum(result::int) from run_command_on_all_nodes($$select count(*)"
                            + " from pg_proc where proname = 'fetch_' || (select max(index_id) + 1"
                            + " from memory.vector_indexes)$$)"));
    }
}
