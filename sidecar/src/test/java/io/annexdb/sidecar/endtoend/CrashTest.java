package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/** kill -9 of the sidecar while a load runs. The judge is the table. */
class CrashTest {
    private static final int DIMENSION = 32;
    private static final int BATCHES = 240;
    private static final int BATCH_ROWS = 40;

    /** Stretches the load over all kills and restarts. */
    private static final long PAUSE_MILLIS = 40;

    @TempDir Path folder;

    @Test
    void afterKillsUnderLoadTheIndexHasEveryRow() throws Exception {
        long seed = Long.getLong("annex.seed", 20_261_121L);
        System.out.println("CrashTest -Dannex.seed=" + seed);
        try (AnnexServer server = AnnexServer.start(folder);
                Connection connection = server.connect()) {
            createIndexedTable(connection);
            CompletableFuture<Void> load =
                    CompletableFuture.runAsync(() -> write(server.url(), new Random(seed)));
            Random random = new Random(seed + 1);
            for (int kill = 0; kill < 3; kill++) {
                Thread.sleep(300 + random.nextInt(700));
                assertFalse(load.isDone(), "the load ended before kill " + (kill + 1));
                server.killSidecar();
                server.restartSidecar();
            }
            load.join();
            execute(connection, "select annex.wait_for_index('docs_embedding', '60 s')");
            assertIndexEqualsTable(connection);
            assertEquals(
                    1,
                    copies(server.sidecar().log()),
                    "copies of the table: only the first one, a restart continues from its files:\n"
                            + server.sidecar().log());
        }
    }

    /** Every way to build a shard, whatever its cause, copies the table and says so. */
    private static long copies(String log) {
        return log.lines().filter(line -> line.contains("Copied ")).count();
    }

    private static void createIndexedTable(Connection connection) throws SQLException {
        execute(
                connection,
                "create table docs (id bigint primary key, title text, embedding real[])");
        execute(
                connection,
                "select annex.create_index('docs', 'embedding', method => 'hnsw',"
                        + " metric => 'l2')");
        execute(connection, "select annex.wait_for_index('docs_embedding', '60 s')");
        execute(connection, "set annex.fallback = 'error'");
    }

    /** Batches of inserts, each followed by an update and a delete of rows written before. */
    private static void write(String url, Random random) {
        try (Connection connection = DriverManager.getConnection(url)) {
            connection.setAutoCommit(false);
            try (PreparedStatement insert =
                            connection.prepareStatement("insert into docs values (?, ?, ?)");
                    PreparedStatement update =
                            connection.prepareStatement(
                                    "update docs set embedding = ? where id = ?");
                    PreparedStatement delete =
                            connection.prepareStatement("delete from docs where id = ?")) {
                for (int batch = 0; batch < BATCHES; batch++) {
                    for (int row = 0; row < BATCH_ROWS; row++) {
                        int id = batch * BATCH_ROWS + row;
                        insert.setLong(1, id);
                        insert.setString(2, "row " + id);
                        insert.setObject(3, vector(random));
                        insert.addBatch();
                    }
                    insert.executeBatch();
                    update.setObject(1, vector(random));
                    update.setLong(2, random.nextInt((batch + 1) * BATCH_ROWS));
                    update.executeUpdate();
                    delete.setLong(1, random.nextInt((batch + 1) * BATCH_ROWS));
                    delete.executeUpdate();
                    connection.commit();
                    Thread.sleep(PAUSE_MILLIS);
                }
            }
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException("the load failed", e);
        }
    }

    private static void assertIndexEqualsTable(Connection connection) throws SQLException {
        TreeSet<Long> rows = new TreeSet<>();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select id from docs")) {
            while (result.next()) {
                rows.add(result.getLong(1));
            }
        }
        assertTrue(rows.size() > BATCHES * (BATCH_ROWS - 2), "rows in the table: " + rows.size());
        TreeSet<Long> indexed = new TreeSet<>();
        try (PreparedStatement nearest =
                connection.prepareStatement(
                        "select (hit).id, distance from annex.search(null::docs, 'embedding', ?,"
                                + " k => 10000)")) {
            nearest.setObject(1, vector(new Random(1)));
            try (ResultSet result = nearest.executeQuery()) {
                while (result.next()) {
                    indexed.add(result.getLong(1));
                }
            }
        }
        assertEquals(rows, indexed, "keys in the index against keys in the table");
        assertEveryVectorIsTheTables(connection);
    }

    /**
     * Ranking just this row by its own vector gives distance 0, so the index holds the bytes of the
     * table. The filter makes the sidecar rank exactly the named row; no graph is in between.
     */
    private static void assertEveryVectorIsTheTables(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result =
                        statement.executeQuery(
                                "select count(*) filter (where s.id is distinct from d.id"
                                        + " or s.distance > 1e-6), count(*) from"
                                        + " (select * from docs where id % 7 = 0) d,"
                                        + " lateral (select (hit).id, distance from"
                                        + " annex.search(null::docs, 'embedding', d.embedding,"
                                        + " k => 1, filter => 'id = ' || d.id)) s")) {
            result.next();
            assertEquals(0, result.getInt(1), "rows whose indexed vector is not the table's");
            assertTrue(result.getInt(2) > 1_000, "rows compared: " + result.getInt(2));
        }
    }

    private static Float[] vector(Random random) {
        Float[] vector = new Float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return vector;
    }
}
