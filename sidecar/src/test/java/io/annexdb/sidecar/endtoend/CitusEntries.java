package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;

/**
 * Coordinator, two workers, three sidecars, with indexes of a distributed table of entries and of a
 * reference table of kinds. Needs a PostgreSQL with Citus on the PATH.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CitusEntries {
    static final int ROWS = 3_000;
    static final String QUERY = "'{0.1,0.9,-0.4}'";

    /** Judge: exact SQL on the coordinator. */
    static final String EXACT =
            "select e.namespace, e.id, annex.distance('l2', e.embedding, "
                    + QUERY
                    + ") as d"
                    + " from memory.memory_entries e ";

    CitusCluster cluster;
    Session session;

    @BeforeAll
    void start(@TempDir Path files) throws Exception {
        cluster = CitusCluster.startWhereInstalled(files);
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

    static String search(int k, String arguments) {
        return "annex.search(null::memory.memory_entries, 'embedding', "
                + QUERY
                + ", "
                + k
                + arguments
                + ")";
    }

    void assertSearch(Session from, int k, String arguments, String where) throws SQLException {
        assertEquals(
                session.rows(EXACT + where + " order by d, e.namespace, e.id limit " + k),
                from.rows(
                        "select (hit).namespace, (hit).id, distance from " + search(k, arguments)));
    }
}
