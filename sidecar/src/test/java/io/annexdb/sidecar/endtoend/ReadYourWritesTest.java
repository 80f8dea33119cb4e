package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Strong consistency: what has been committed is found, by {@code annex.fallback = 'error'} surely
 * by the sidecar, and what has been deleted is not. With eventual consistency the same pairs do
 * miss, so the test can tell.
 */
class ReadYourWritesTest {
    private static final int PAIRS = Integer.getInteger("annex.faults.pairs", 20_000);
    private static final int EVENTUAL_PAIRS = 400;
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
                Connection connection = server.connect()) {
            execute(
                    connection,
                    "create table pairs (id bigint primary key, version int, embedding real[])");
            execute(connection, "select annex.create_index('pairs', 'embedding', metric => 'l2')");
            execute(connection, "select annex.wait_for_index('pairs_embedding', '60 s')");
            assertEquals(0, misses(server, "strong", pairs, seed), "misses of " + pairs + " pairs");
            int eventual = misses(server, "eventual", EVENTUAL_PAIRS, seed + 1);
            System.out.println(eventual + " misses with eventual consistency");
            assertTrue(eventual > 0, "nothing is missed with eventual consistency, either");
        }
    }

    private static int misses(AnnexServer server, String consistency, int pairs, long seed)
            throws Exception {
        try (ExecutorService executor = Executors.newFixedThreadPool(WRITERS)) {
            List<Future<Integer>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                int number = i;
                writers.add(
                        executor.submit(() -> {
                            try (Writer writer = new Writer(server, consistency, number, seed)) {
                                return writer.misses(pairs / WRITERS);
                            }
                        }));
            }
            int misses = 0;
            for (Future<Integer> writer : writers) {
                misses += writer.get();
            }
            return misses;
        }
    }

    /** Writes rows of its own and looks for each at once. */
    private static final class Writer implements AutoCloseable {
        private final Connection connection;
        private final Ask sidecar;
        private final long index;
        private final boolean isStrong;
        private final Random random;
        private final PreparedStatement upsert;
        private final PreparedStatement delete;
        private final PreparedStatement search;
        private final TreeMap<Long, float[]> written = new TreeMap<>();
        private long next;

        Writer(AnnexServer server, String consistency, int number, long seed) throws SQLException {
            connection = server.connect();
            sidecar = Ask.connect(server.wirePort());
            isStrong = consistency.equals("strong");
            random = new Random(seed + number);
            next = number + seed % 1_000 * 1_000_000_000L;
            execute(connection, "set annex.fallback = 'error'");
            execute(connection, "set annex.consistency = '" + consistency + "'");
            upsert =
                    connection.prepareStatement(
                            "insert into pairs values (?, 1, ?) on conflict (id) do update set"
                                    + " embedding = excluded.embedding,"
                                    + " version = pairs.version + 1");
            delete = connection.prepareStatement("delete from pairs where id = ?");
            search =
                    connection.prepareStatement(
                            "select (hit).id, distance from"
                                    + " annex.search(null::pairs, 'embedding', ?, k => 1)");
            try (Statement statement = connection.createStatement();
                    ResultSet row =
                            statement.executeQuery("select index_id from memory.vector_indexes")) {
                row.next();
                index = row.getLong(1);
            }
        }

        /** Each pair inserts, updates or deletes one row, and looks for it by its vector. */
        int misses(int pairs) throws SQLException {
            int misses = 0;
            for (int pair = 0; pair < pairs; pair++) {
                int choice = written.isEmpty() ? 0 : random.nextInt(10);
                if (choice < 6) {
                    next += WRITERS;
                    misses += isFoundWritten(next) ? 0 : 1;
                } else if (choice < 9) {
                    misses += isFoundWritten(any()) ? 0 : 1;
                } else {
                    misses += isFoundDeleted(any()) ? 1 : 0;
                }
            }
            return misses;
        }

        private long any() {
            Long from = written.ceilingKey(random.nextLong(next + 1));
            return from == null ? written.firstKey() : from;
        }

        private boolean isFoundWritten(long id) throws SQLException {
            float[] vector = vector();
            upsert.setLong(1, id);
            upsert.setObject(2, boxed(vector));
            upsert.executeUpdate();
            written.put(id, vector);
            search.setObject(1, boxed(vector));
            try (ResultSet row = search.executeQuery()) {
                return row.next() && row.getLong(1) == id && row.getDouble(2) <= 1e-6;
            }
        }

        /** The sidecar itself is asked: a row that is gone, no SQL function would fetch. */
        private boolean isFoundDeleted(long id) throws SQLException {
            delete.setLong(1, id);
            delete.executeUpdate();
            float[] vector = Objects.requireNonNull(written.remove(id));
            return isStrong
                    && sidecar.search(index, vector, 1).rows().stream()
                            .anyMatch(row -> row.key() == id);
        }

        private float[] vector() {
            float[] vector = new float[DIMENSION];
            for (int i = 0; i < DIMENSION; i++) {
                vector[i] = (float) random.nextGaussian();
            }
            return vector;
        }

        private static Float[] boxed(float[] vector) {
            Float[] boxed = new Float[vector.length];
            for (int i = 0; i < boxed.length; i++) {
                boxed[i] = vector[i];
            }
            return boxed;
        }

        @Override
        public void close() throws SQLException {
            sidecar.close();
            connection.close();
        }
    }
}
