package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What each node answers, of its own shards and of all. */
class CitusTest extends CitusEntries {
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
