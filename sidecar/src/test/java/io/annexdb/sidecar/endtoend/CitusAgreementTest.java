package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.sql.SQLException;
import java.util.List;

/** Every shard of a distributed table is compared on its own worker, and closed by policies. */
class CitusAgreementTest extends CitusEntries {
    private static final String SEARCH =
            "select (hit).namespace, (hit).id from annex.search(null::memory.memory_entries,"
                    + " 'embedding', '{0.1,0.9,-0.4}', 10)";

    @Test
    void everyShardIsComparedOnItsWorker() throws SQLException {
        assertEquals(
                "2,6,3000,3000,0",
                session.value(
                        "select count(distinct sidecar), count(*), sum(table_rows),"
                                + " sum(index_rows), sum(different) from"
                                + " annex.verify('memory_entries_embedding')"));
    }

    @Test
    void aReferenceTableIsComparedOnEveryNode() throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        String state = "select state from annex.index_status where index_name = 'kinds_embedding'";
        while (!session.value(state).equals("ready")) {
            assertTrue(System.nanoTime() < deadline, "not ready on every node");
            Thread.sleep(50);
        }
        assertEquals(
                "3,60,60,0",
                session.value(
                        "select count(distinct sidecar), sum(table_rows), sum(index_rows),"
                                + " sum(different) from annex.verify('kinds_embedding')"));
    }

    @Test
    void theSidecarsRoleIsMadeOnEveryNode() throws SQLException {
        session.rows("select * from annex.setup(null, sidecar_role => 'follower')");
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session each = cluster.node(node)) {
                assertEquals(
                        "t,t,t,f",
                        each.value(
                                "select rolreplication, pg_has_role('follower',"
                                        + " 'pg_read_all_settings', 'usage'),"
                                        + " has_function_privilege('follower',"
                                        + " 'annex.local_shards()', 'execute'), rolsuper from"
                                        + " pg_roles where rolname = 'follower'"),
                        "node " + node);
            }
        }
    }

    @Test
    void policiesCloseTheIndexUnlessItsOwnerOpensIt() throws SQLException {
        List<String> own = session.rows(SEARCH.replace(", 10)", ", 10, namespace => 'ns4')"));
        session.run(
                "create role one_tenant login",
                "grant usage on schema memory to one_tenant",
                "grant select on memory.memory_entries to one_tenant",
                "alter table memory.memory_entries enable row level security",
                "create policy own on memory.memory_entries to one_tenant using (namespace ="
                        + " 'ns4')");
        try (Session tenant = Session.open(cluster.url(0), "one_tenant")) {
            assertEquals(own, tenant.rows(SEARCH));
            tenant.refuses(
                    "42501",
                    "row-level security",
                    "select annex_internal.ask((select index_id from annex.indexes where index_name"
                            + " = 'memory_entries_embedding'), 'search', '[1,1,1]', 1, 10, null,"
                            + " null, 'strong', 5000, null)");
            session.run(
                    "select annex.alter_index('memory_entries_embedding', '{\"row_security\":"
                            + " \"index\"}')");
            assertEquals(own, tenant.rows(SEARCH));
        }
    }
}
