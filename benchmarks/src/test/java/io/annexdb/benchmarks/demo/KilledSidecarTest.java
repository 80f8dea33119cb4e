package io.annexdb.benchmarks.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.benchmarks.server.SuperviseSidecar;
import io.annexdb.benchmarks.text.Gloss;
import io.annexdb.benchmarks.text.WordNet;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.Fallback;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * kill -9 of the demo's sidecar in each of its steps that fill the index. The table is the judge.
 * The vectors are random, because embedding text is not what is tested.
 */
class KilledSidecarTest {
    private static final int ROWS = 6_000;
    private static final int FIRST_ROWS = 3_000;
    private static final int DIMENSION = 384;

    private interface Step {
        void run() throws Exception;
    }

    private interface Moment {
        boolean isNow() throws Exception;
    }

    @Test
    @Timeout(300)
    void theIndexHasEveryRow() throws Exception {
        long seed = Long.getLong("annex.seed", 20_261_121L);
        System.out.println("KilledSidecarTest -Dannex.seed=" + seed);
        List<Gloss> glosses = WordNet.read().subList(0, ROWS);
        List<float[]> vectors = vectors(new Random(seed));
        try (DevelopmentServer server = start();
                AnnexClient client = client(server);
                Connection connection = connection(server)) {
            SuperviseSidecar.inBackground(server, System.out);
            pace(connection);
            LoadGlosses load = new LoadGlosses(client);
            BuildIndex build = new BuildIndex(connection(server), client, System.out);

            killDuring(
                    connection,
                    () -> load.run(glosses.subList(0, FIRST_ROWS), vectors.subList(0, FIRST_ROWS)),
                    () -> count(connection, "memory.memory_entries") > 0);
            // The slot is there: the first copy of the table begins.
            killDuring(
                    connection,
                    () -> build.run(FIRST_ROWS),
                    () -> count(connection, "pg_replication_slots") > 0);
            assertIndexEqualsTable(connection, FIRST_ROWS);
            // As a second demo on kept data: now the rows come to the index by the stream.
            killDuring(
                    connection,
                    () -> load.run(glosses, vectors),
                    () -> count(connection, "memory.memory_entries") > FIRST_ROWS);
            build.run(ROWS);
            assertIndexEqualsTable(connection, ROWS);
        }
    }

    /** Kills the sidecar at that moment of a step, which must not be over by then. */
    private static void killDuring(Connection connection, Step step, Moment moment)
            throws Exception {
        while (count(connection, "annex.sidecar_status WHERE reachable") == 0) {
            Thread.sleep(50);
        }
        ProcessHandle sidecar = sidecar();
        CompletableFuture<Void> running =
                CompletableFuture.runAsync(() -> {
                    try {
                        step.run();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
        while (!moment.isNow() && !running.isDone()) {
            Thread.sleep(5);
        }
        assertFalse(running.isDone(), "the step was over before the kill");
        assertTrue(sidecar.destroyForcibly(), "killed");
        running.join();
    }

    /** The only Java among this process's children. */
    private static ProcessHandle sidecar() {
        List<ProcessHandle> found =
                ProcessHandle.current()
                        .children()
                        .filter(child -> child.info().command().orElse("").endsWith("java"))
                        .toList();
        assertEquals(1, found.size(), "sidecars: " + found);
        return found.getFirst();
    }

    /** Each batch takes half a second, so that a kill comes in time on a busy machine, too. */
    private static void pace(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE FUNCTION pace() RETURNS trigger LANGUAGE plpgsql AS"
                            + " 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'");
            statement.execute(
                    "CREATE TRIGGER pace AFTER INSERT ON memory.memory_entries"
                            + " FOR EACH STATEMENT EXECUTE FUNCTION pace()");
        }
    }

    private static void assertIndexEqualsTable(Connection connection, int rows)
            throws SQLException {
        Set<Long> table = ids(connection, "SELECT id FROM memory.memory_entries");
        assertEquals(rows, table.size());
        String search =
                "SELECT (hit).id FROM annex.search(NULL::memory.memory_entries, 'embedding',"
                        + " (SELECT embedding FROM memory.memory_entries LIMIT 1), k => 10000)";
        assertEquals(table, ids(connection, search), "ids in the index against ids in the table");
        // The filter makes the sidecar rank just this row; no graph is in between.
        String moved =
                "SELECT e.id FROM memory.memory_entries e, LATERAL (SELECT distance FROM"
                        + " annex.search(NULL::memory.memory_entries, 'embedding', e.embedding,"
                        + " k => 1, filter => 'id = ' || e.id)) s"
                        + " WHERE e.id % 100 = 0 AND s.distance > 1e-6";
        assertEquals(Set.of(), ids(connection, moved), "rows with another vector");
    }

    private static Set<Long> ids(Connection connection, String sql) throws SQLException {
        Set<Long> ids = new TreeSet<>();
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
        }
        return ids;
    }

    private static long count(Connection connection, String table) throws SQLException {
        return ids(connection, "SELECT count(*) FROM " + table).iterator().next();
    }

    private static List<float[]> vectors(Random random) {
        List<float[]> vectors = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            float[] vector = new float[DIMENSION];
            for (int i = 0; i < DIMENSION; i++) {
                vector[i] = (float) random.nextGaussian();
            }
            vectors.add(vector);
        }
        return vectors;
    }

    private static DevelopmentServer start() throws Exception {
        DevelopmentServer server =
                new DevelopmentServer(ServerFolder.temporary(), new Ports(0, 0, 0).resolve());
        server.start();
        return server;
    }

    private static AnnexClient client(DevelopmentServer server) throws Exception {
        return AnnexClient.builder(server.jdbcUrl())
                .user(server.user())
                .password(server.password())
                .fallback(Fallback.ERROR)
                .build();
    }

    private static Connection connection(DevelopmentServer server) throws Exception {
        Connection connection =
                DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET annex.fallback = 'error'");
        }
        return connection;
    }
}
