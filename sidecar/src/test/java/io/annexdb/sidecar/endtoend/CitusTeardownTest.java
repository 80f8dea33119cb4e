package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * After {@code annex.teardown} no node of a cluster keeps anything of it but the functions and the
 * tables. Needs a PostgreSQL with Citus on the PATH.
 */
class CitusTeardownTest {
    /**
     * Slots, publications, foreign servers, user mappings, generated fetch functions, rows of the
     * catalog, tables that annex.setup makes.
     */
    private static final String TRACES =
            "select (select count(*) from pg_replication_slots where slot_name like 'annex%'),"
                + " (select count(*) from pg_publication where pubname like 'annex%'), (select"
                + " count(*) from pg_foreign_server where srvname like 'annex%'), (select count(*)"
                + " from pg_user_mappings where srvname like 'annex%'), (select count(*) from"
                + " pg_proc where proname ~ '^fetch_[0-9]+$' and pronamespace ="
                + " 'annex_internal'::regnamespace), (select count(*) from memory.vector_indexes),"
                + " (select count(*) from pg_class where oid = to_regclass('annex_internal.node'))";

    private static final String NOTHING = "0,0,0,0,0,0,0, folders 0";

    @Test
    void leavesNothingOnAnyNode(@TempDir Path files) throws Exception {
        try (CitusCluster cluster = CitusCluster.startWhereInstalled(files);
                Session session = cluster.coordinator()) {
            createIndexes(session);
            assertEquals(
                    List.of(
                            "1,1,3,3,3,3,1, folders 2",
                            "1,1,3,3,3,3,1, folders 4",
                            "1,1,3,3,3,3,1, folders 4"),
                    traces(cluster));
            // The slot of a sidecar that is down is teardown's; its files are its own, when it is
            // back.
            cluster.restartSidecar(2, () -> tearDown(session));
            for (int i = 0; i < 200 && !isClean(cluster); i++) {
                Thread.sleep(50);
            }
            assertEquals(List.of(NOTHING, NOTHING, NOTHING), traces(cluster));
            assertEquals("300", session.value("select count(*) from memory.memory_entries"));
        }
    }

    /** One on a distributed table, one on a reference table, one on a table of the coordinator. */
    private static void createIndexes(Session session) throws SQLException {
        session.run(
                "insert into memory.memory_entries (namespace, id, content, embedding) select 'ns'"
                        + " || i % 7, i, 'text', array[i, 1] from generate_series(1, 300) i",
                "create table kinds (id int primary key, embedding real[])",
                "select create_reference_table('kinds')",
                "create table here (id int primary key, embedding real[])",
                "insert into here values (1, '{1,2}')",
                "select annex.create_index('memory.memory_entries', 'embedding')",
                "select annex.create_index('kinds', 'embedding')",
                "select annex.create_index('here', 'embedding')",
                "select annex.wait_for_index('memory_entries_embedding', '1 minute')",
                "select annex.wait_for_index('kinds_embedding', '1 minute')",
                "select annex.wait_for_index('here_embedding', '1 minute')");
        assertEquals(
                "10",
                session.value(
                        "select count(*) from annex.search(null::memory.memory_entries,"
                                + " 'embedding', '{1,1}')"));
    }

    private static void tearDown(Session session) {
        try {
            session.run("select annex.teardown()");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isClean(CitusCluster cluster) throws SQLException, IOException {
        return traces(cluster).stream().allMatch(NOTHING::equals);
    }

    private static List<String> traces(CitusCluster cluster) throws SQLException, IOException {
        List<String> all = new ArrayList<>();
        for (int node = 0; node < CitusCluster.NODES; node++) {
            try (Session session = cluster.node(node)) {
                all.add(session.value(TRACES) + ", folders " + folders(cluster.filesOf(node)));
            }
        }
        return all;
    }

    /** Folders of shards in a sidecar's data directory. */
    private static long folders(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.filter(file -> file.getFileName().toString().matches("\\d+-\\d+")).count();
        }
    }
}
