package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Strong consistency: what has been committed is found, by {@code annex.fallback = 'error'} surely
 * by the sidecar.
 */
class ReadYourWritesTest {
    private static final int PAIRS = Integer.getInteger("annex.faults.pairs", 20_000);
    private static final int WRITERS = 4;
    private static final int DIMENSION = 16;

    @TempDir Path folder;

    @Test
    void everyCommittedRowIsFoundByTheNextSearch() throws Exception {
        assertNoMisses("on", PAIRS);
    }

    @Test
    void soAreRowsOfCommitsThatWereAcknowledgedUnflushed() throws Exception {
        assertNoMisses("off", PAIRS / 10);
    }

    private void assertNoMisses(String synchronousCommit, int pairs) throws Exception {
        long seed = Long.getLong("annex.seed", 4_711L);
        System.out.println("ReadYourWritesTest -Dannex.seed=" + seed);
        try (AnnexServer server =
                        AnnexServer.start(folder, Map.of("synchronous_commit", synchronousCommit));
                Connection connection = server.connect();
                ExecutorService executor = Executors.newFixedThreadPool(WRITERS)) {
            execute(
                    connection,
                    "create table pairs (id bigint primary key, version int, embedding real[])");
            execute(connection, "select annex.create_index('pairs', 'embedding', metric => 'l2')");
            execute(connection, "select annex.wait_for_index('pairs_embedding', '60 s')");
            List<Future<Integer>> writers = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int number = writer;
                writers.add(executor.submit(() -> misses(server, pairs / WRITERS, number, seed)));
            }
            int misses = 0;
            for (Future<Integer> writer : writers) {
                misses += writer.get();
            }
            assertEquals(0, misses, "misses of " + pairs + " write-then-search pairs");
        }
    }

    /** Each pair inserts, updates or deletes one row, and looks for it by its vector at once. */
    private static int misses(AnnexServer server, int pairs, int writer, long seed)
            throws SQLException {
        Random random = new Random(seed + writer);
        int misses = 0;
        List<Long> written = new ArrayList<>();
        try (Connection connection = server.connect();
                PreparedStatement upsert =
                        connection.prepareStatement(
                                "insert into pairs values (?, 1, ?) on conflict (id) do update set"
                                        + " embedding = excluded.embedding,"
                                        + " version = pairs.version + 1");
                PreparedStatement delete =
                        connection.prepareStatement("delete from pairs where id = ?");
                PreparedStatement search =
                        connection.prepareStatement(
                                "select (hit).id, distance from"
                                        + " annex.search(null::pairs, 'embedding', ?, k => 1)")) {
            execute(connection, "set annex.fallback = 'error'");
            for (int pair = 0; pair < pairs; pair++) {
                int choice = written.isEmpty() ? 0 : random.nextInt(10);
                long id =
                        choice < 6
                                ? (long) writer * PAIRS + pair
                                : written.get(random.nextInt(written.size()));
                Float[] vector = vector(random);
                if (choice < 9) {
                    upsert.setLong(1, id);
                    upsert.setObject(2, vector);
                    upsert.executeUpdate();
                    written.add(id);
                    misses += found(search, vector, id, 1e-6) ? 0 : 1;
                } else {
                    delete.setLong(1, id);
                    delete.executeUpdate();
                    written.removeIf(other -> other == id);
                    misses += found(search, vector, id, Double.MAX_VALUE) ? 1 : 0;
                }
            }
        }
        return misses;
    }

    private static boolean found(
            PreparedStatement search, Float[] vector, long id, double distanceMax)
            throws SQLException {
        search.setObject(1, vector);
        try (ResultSet result = search.executeQuery()) {
            return result.next() && result.getLong(1) == id && result.getDouble(2) <= distanceMax;
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
