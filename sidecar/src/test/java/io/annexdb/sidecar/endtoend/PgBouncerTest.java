package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Behind PgBouncer in transaction mode: more clients than server connections, each search on
 * whichever connection is free.
 */
class PgBouncerTest {
    private static final int CLIENTS = 8;
    private static final int SEARCHES = 50;

    @TempDir Path folder;

    @Test
    void clientsShareFewConnectionsAndFindTheirOwnRows() throws Exception {
        Path program = PgBouncer.program().orElse(null);
        assumeTrue(program != null, "PgBouncer is not installed");
        try (AnnexServer server =
                        AnnexServer.start(Files.createDirectory(folder.resolve("annex")));
                Connection direct = server.connect();
                PgBouncer bouncer =
                        PgBouncer.start(
                                java.util.Objects.requireNonNull(program),
                                Files.createDirectory(folder.resolve("bouncer")),
                                server.databasePort());
                ExecutorService executor = Executors.newFixedThreadPool(CLIENTS)) {
            execute(direct, "create table points (id bigint primary key, embedding real[])");
            execute(
                    direct,
                    "insert into points select i, array[i, 0] from generate_series(1, 500) i");
            execute(direct, "select annex.create_index('points', 'embedding', metric => 'l2')");
            execute(direct, "select annex.wait_for_index('points_embedding', '60 s')");
            List<Future<Integer>> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                int first = client * SEARCHES + 1;
                clients.add(executor.submit(() -> found(bouncer.port(), first)));
            }
            int found = 0;
            for (Future<Integer> client : clients) {
                found += client.get();
            }
            assertEquals(CLIENTS * SEARCHES, found, "searches that found their row");
            assertTrue(sessionsOfSidecar(direct) <= 4, "one session per server connection");
        }
    }

    private static int found(int port, int first) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres?prepareThreshold=0";
        int found = 0;
        try (Connection connection = DriverManager.getConnection(url, "postgres", "");
                PreparedStatement search =
                        connection.prepareStatement(
                                "select (hit).id from annex.search(null::points, 'embedding', ?,"
                                        + " k => 1)")) {
            connection.setAutoCommit(false);
            for (int id = first; id < first + SEARCHES; id++) {
                // Lasts for the transaction: the next one may be on another server connection.
                execute(connection, "set local annex.fallback = 'error'");
                search.setObject(1, new Float[] {(float) id, 0f});
                try (ResultSet result = search.executeQuery()) {
                    found += result.next() && result.getLong(1) == id ? 1 : 0;
                }
                connection.commit();
            }
        }
        return found;
    }

    private static int sessionsOfSidecar(Connection connection) throws SQLException {
        try (PreparedStatement count =
                        connection.prepareStatement(
                                "select count(*) from pg_stat_activity where datname = 'postgres'"
                                        + " and application_name <> 'test'"
                                        + " and query like '%annex.search%'"
                                        + " and pid <> pg_backend_pid()");
                ResultSet result = count.executeQuery()) {
            result.next();
            return result.getInt(1);
        }
    }
}
