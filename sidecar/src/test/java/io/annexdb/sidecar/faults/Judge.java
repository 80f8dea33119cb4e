package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.annexdb.sidecar.endtoend.Ask;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.segment.VectorHash;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares what the sidecar answers with the table. {@link #atRest}: every committed row is in the
 * index with the table's vector, and none besides. {@link #answers}: each answer that was given
 * while faults were inflicted is what exact SQL would have said at its position, up to recall.
 */
final class Judge {
    private static final double RECALL_LEAST = 0.95;

    /** Of the rows of one answer. */
    private static final int MISSED_MOST = 3;

    private static final int KEYS_AT_ONCE = 10_000;

    /** The most rows that a sidecar is asked for. */
    private static final int K_MOST = 100_000;

    private Judge() {}

    /** The table must stand still. Fails unless index and table are equal. */
    static void atRest(FaultScene scene, String table, String index)
            throws SQLException, InterruptedException {
        scene.awaitServing(index);
        compare(scene, table, "embedding", index);
    }

    /** As {@link #atRest}, of an index that is ready; returns the number of rows. */
    static int compare(FaultScene scene, String table, String column, String index)
            throws SQLException {
        return compare(scene, table, column, index, Load.DIMENSION);
    }

    /** As the other, for vectors of another dimension. */
    static int compare(FaultScene scene, String table, String column, String index, int dimension)
            throws SQLException {
        Map<Long, Long> expected = table(scene, table, column);
        float[] query = new float[dimension];
        Arrays.fill(query, 0.5f);
        try (Ask sidecar = Ask.connect(scene.wirePort())) {
            long id = scene.indexId(index);
            Map<Long, Long> ranked = new TreeMap<>();
            List<Long> keys = List.copyOf(expected.keySet());
            for (int from = 0; from < keys.size(); from += KEYS_AT_ONCE) {
                int to = Math.min(keys.size(), from + KEYS_AT_ONCE);
                ranked.putAll(hashes(sidecar.rank(id, query, keys.subList(from, to))));
            }
            requireSame(expected, ranked, "index");
            if (expected.size() < K_MOST) {
                int k = Math.min(K_MOST, expected.size() + 100);
                requireSame(expected, hashes(sidecar.search(id, query, k)), "search for all");
            }
        }
        return expected.size();
    }

    /** In words, for thousands of rows are no message. */
    private static void requireSame(Map<Long, Long> table, Map<Long, Long> found, String where) {
        if (!table.equals(found)) {
            TreeSet<Long> missing = new TreeSet<>(table.keySet());
            missing.removeAll(found.keySet());
            TreeSet<Long> besides = new TreeSet<>(found.keySet());
            besides.removeAll(table.keySet());
            long others =
                    table.keySet().stream()
                            .filter(found::containsKey)
                            .filter(key -> !Objects.equals(table.get(key), found.get(key)))
                            .count();
            fail(
                    "%s against %d rows of the table: %d are missing (%s), %d are besides (%s), %d have another vector"
                            .formatted(
                                    where,
                                    table.size(),
                                    missing.size(),
                                    missing.stream().limit(5).toList(),
                                    besides.size(),
                                    besides.stream().limit(5).toList(),
                                    others));
        }
    }

    private static Map<Long, Long> table(FaultScene scene, String table, String column)
            throws SQLException {
        Map<Long, Long> rows = new TreeMap<>();
        try (Connection connection = scene.connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "select id, hash_array_extended(%1$s, 0) from %2$s where %1$s is not null"
                                        .formatted(column, table))) {
            while (row.next()) {
                rows.put(row.getLong(1), row.getLong(2));
            }
        }
        return rows;
    }

    private static Map<Long, Long> hashes(Ask.Answer answer) {
        Map<Long, Long> hashes = new TreeMap<>();
        for (Ask.Found row : answer.rows()) {
            assertTrue(hashes.put(row.key(), row.hash()) == null, "twice: " + row);
        }
        return hashes;
    }

    /** Fails unless what the writers noted is what the table has. */
    static void ledger(FaultScene scene, Ledger ledger, String table) throws SQLException {
        Map<Long, Long> expected = table(scene, table, "embedding");
        Map<Long, Long> noted = new TreeMap<>();
        Lsn end = new Lsn(Long.MAX_VALUE);
        for (long key : ledger.keys()) {
            float[] vector = ledger.during(key, end, end).getLast();
            if (vector.length > 0) {
                noted.put(key, VectorHash.of(ElementType.FLOAT32, vector));
            }
        }
        requireSame(expected, noted, "ledger");
    }

    /**
     * Fails if there are too few answers, if one has a row that was not so at its position, is
     * older than strong consistency allows, has fewer rows than there were, or lacks more than
     * three that are nearer, or if all together lack more than 5 %. A row that changed while the
     * answer was made may be as it was before or after.
     *
     * @param least so many answers there must be
     * @return recall
     */
    static double answers(Ledger ledger, List<Searches.Reply> replies, int least) {
        assertTrue(replies.size() >= least, replies.size() + " answers, " + least + " are too few");
        long wanted = 0;
        long missed = 0;
        for (Searches.Reply reply : replies) {
            Lsn applied = reply.answer().applied();
            assertTrue(
                    applied.isAtLeast(reply.flushed()),
                    "answered at " + applied + ", flushed was " + reply.flushed());
            Map<Long, Long> found = hashes(reply.answer());
            found.forEach((key, hash) -> requirePresent(ledger, reply, key, hash));
            wanted += Searches.K;
            missed += missed(ledger, reply, found);
        }
        double recall = 1 - (double) missed / wanted;
        assertTrue(
                recall >= RECALL_LEAST, "recall " + recall + " of " + replies.size() + " answers");
        return recall;
    }

    private static void requirePresent(Ledger ledger, Searches.Reply reply, long key, long hash) {
        for (float[] vector : ledger.during(key, reply.since(), reply.until())) {
            if (vector.length > 0 && VectorHash.of(ElementType.FLOAT32, vector) == hash) {
                return;
            }
        }
        fail("row " + key + " was not so at " + reply.since() + ", nor until " + reply.until());
    }

    /** Rows that did not change meanwhile, are nearer than the last one found, and are missing. */
    private static int missed(Ledger ledger, Searches.Reply reply, Map<Long, Long> found) {
        float[] query = reply.query();
        Lsn since = reply.since();
        List<Ask.Found> rows = reply.answer().rows();
        double last =
                rows.size() < Searches.K ? Double.MAX_VALUE : rows.getLast().distance() * 0.99999;
        int there = 0;
        int missed = 0;
        for (long key : ledger.keys()) {
            List<float[]> vectors = ledger.during(key, since, reply.until());
            float[] vector = vectors.getFirst();
            if (vectors.size() == 1 && vector.length > 0) {
                there++;
                missed += !found.containsKey(key) && distance(query, vector) < last ? 1 : 0;
            }
        }
        assertTrue(
                rows.size() >= Math.min(Searches.K, there),
                rows.size() + " rows at " + since + ", of " + there);
        assertTrue(
                missed <= MISSED_MOST,
                "%d nearer rows are missing at %s, of %d".formatted(missed, since, there));
        return missed;
    }

    private static double distance(float[] one, float[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            double difference = (double) one[i] - other[i];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }
}
