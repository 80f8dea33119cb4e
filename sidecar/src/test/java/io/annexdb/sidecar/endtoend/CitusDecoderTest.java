package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/**
 * With change data capture on, Citus puts decoders of its own before PostgreSQL's, under the same
 * name; they say that rows of shards are rows of the distributed table. A sidecar must not see
 * them.
 */
class CitusDecoderTest {
    private static final String EXACT =
            "select e.id from memory.memory_entries e order by annex.distance('l2', e.embedding,"
                    + " '{0.5,0.5}'), e.id limit 30";
    private static final String SEARCH =
            "select (hit).id from annex.search(null::memory.memory_entries, 'embedding',"
                    + " '{0.5,0.5}', 30) order by distance, (hit).id";

    @Test
    void shardsAreFollowedWithChangeDataCapture(@TempDir Path files) throws Exception {
        try (CitusCluster cluster = CitusCluster.startWhereInstalled(files);
                Session session = cluster.coordinator()) {
            write(session, 1, 500);
            session.run(
                    "select annex.create_index('memory.memory_entries', 'embedding', metric =>"
                            + " 'l2', method => 'flat')",
                    "select annex.wait_for_index('memory_entries_embedding', '1 minute')",
                    "set annex.fallback to error");
            for (int node = 1; node < CitusCluster.NODES; node++) {
                captureChanges(cluster, node);
                cluster.restartSidecar(node, () -> write(session, 1_001, 1_200));
            }
            write(session, 2_001, 2_500);
            session.run(
                    "delete from memory.memory_entries where id::int % 7 = 0",
                    "select annex.wait_for_index('memory_entries_embedding', '1 minute')");
            long[] before = cluster.answered();
            assertEquals(session.rows(EXACT), session.rows(SEARCH));
            long[] after = cluster.answered();
            for (int node = 1; node < CitusCluster.NODES; node++) {
                assertTrue(
                        after[node] > before[node], "the sidecar of node " + node + " was asked");
            }
        }
    }

    private static void captureChanges(CitusCluster cluster, int node) throws SQLException {
        try (Session worker = cluster.node(node)) {
            worker.run(
                    "alter system set citus.enable_change_data_capture to on",
                    "select pg_reload_conf()");
        }
        try (Session worker = cluster.node(node)) {
            List<String> path = worker.rows("show dynamic_library_path");
            assertTrue(path.toString().contains("citus_decoders"), path.toString());
        }
    }

    private static void write(Session session, int from, int to) {
        try {
            session.run(
                    "insert into memory.memory_entries (namespace, id, category, content,"
                            + " embedding) select 'ns' || i % 7, i, 'k', 'text', array[sin(i),"
                            + " cos(i)] from generate_series("
                            + from
                            + ", "
                            + to
                            + ") i on conflict do nothing");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
