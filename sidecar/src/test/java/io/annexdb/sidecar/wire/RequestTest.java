package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Signed requests over the wire, judged by a scan over the same vectors in double precision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestTest {
    private static final float[] QUERY = RunningServer.vector(-1);

    @SuppressWarnings("NullAway.Init")
    private RunningServer server;

    @SuppressWarnings("NullAway.Init")
    private Connection connection;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        server = new RunningServer(directory);
        connection = server.connect("");
    }

    @AfterAll
    void stop() throws SQLException {
        connection.close();
        server.close();
    }

    private record Expected(int id, double distance) {}

    private static List<Expected> exact(float[] query) {
        List<Expected> all = new ArrayList<>();
        for (int id = 0; id < 1_000; id++) {
            float[] vector = RunningServer.vector(id);
            double product = 0;
            double left = 0;
            double right = 0;
            for (int i = 0; i < vector.length; i++) {
                product += (double) query[i] * vector[i];
                left += (double) query[i] * query[i];
                right += (double) vector[i] * vector[i];
            }
            all.add(new Expected(id, 1 - product / Math.sqrt(left * right)));
        }
        all.sort(Comparator.comparingDouble(Expected::distance));
        return all;
    }

    private void assertNearest(List<Expected> expected, Answer answer) {
        assertEquals("ok", answer.status(), () -> answer.detail().toString());
        List<String> keys =
                expected.stream()
                        .flatMap(each -> RunningServer.key(each.id).columns().stream())
                        .toList();
        assertEquals(keys, answer.keys());
        assertEquals(expected.size(), answer.distances().size());
        assertEquals(expected.size(), answer.hashes().size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).distance, answer.distances().get(i), 1e-12);
        }
    }

    @Test
    void nearestOfBothShards() throws SQLException {
        String payload = SignedRequest.search(RunningServer.READY_INDEX, 10, QUERY, "");
        Answer answer = Answer.of(connection, payload);
        assertNearest(exact(QUERY).subList(0, 10), answer);
        assertTrue(payload.contains(answer.nonce()));
        assertEquals(2, answer.detail().get("shards").asInt());
        assertEquals("0/5000", answer.detail().get("applied").asString());
        assertEquals("0/5000", answer.detail().get("waited_for").asString());
        assertTrue(answer.detail().get("loaded").asBoolean());
    }

    @Test
    void allRowsWhenFewerThanAsked() throws SQLException {
        String payload = SignedRequest.search(RunningServer.READY_INDEX, 100_000, QUERY, "");
        assertEquals(1_000, Answer.of(connection, payload).distances().size());
    }

    @Test
    void namespaceAndDistanceLimit() throws SQLException {
        List<Expected> all = exact(QUERY);
        double limit = all.get(400).distance + 1e-9;
        String namespace = RunningServer.key(1).columns().getFirst();
        List<Expected> expected =
                all.subList(0, 401).stream().filter(each -> each.id % 3 == 1).toList();
        Answer answer =
                Answer.of(
                        connection,
                        SignedRequest.search(
                                RunningServer.READY_INDEX,
                                1_000,
                                QUERY,
                                ",\"max_distance\":"
                                        + limit
                                        + ",\"consistency\":\"eventual\",\"namespace\":\""
                                        + namespace.replace("\\", "\\\\").replace("\"", "\\\"")
                                        + "\""));
        assertNearest(expected, answer);
        assertEquals("0/0", answer.detail().get("waited_for").asString());
    }

    @Test
    void rankTakesExactlyTheseRows() throws SQLException {
        String keys =
                ",\"keys\":[[\"n'\\\"\\\\ä0\",\"3\"],[\"n'\\\"\\\\ä1\",\"4\"],"
                        + "[\"n'\\\"\\\\ä2\",\"5\"],[\"no\",\"such\"]]";
        String payload =
                SignedRequest.payload(
                        "rank", SignedRequest.arguments(RunningServer.READY_INDEX, 2, QUERY, keys));
        List<Expected> expected =
                exact(QUERY).stream().filter(each -> each.id >= 3 && each.id <= 5).toList();
        assertNearest(expected.subList(0, 2), Answer.of(connection, payload));
    }

    @Test
    void aBatchAnswersEachQueryInOrder() throws SQLException {
        StringBuilder queries = new StringBuilder();
        List<Expected> expected = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            float[] query = RunningServer.vector(-i);
            expected.addAll(exact(query).subList(0, 7));
            queries.append(i == 1 ? "" : ",").append(Arrays.toString(query));
        }
        String arguments =
                "\"index\":"
                        + RunningServer.READY_INDEX
                        + ",\"k\":7,\"ef\":100,\"queries\":["
                        + queries
                        + "]";
        Answer answer = Answer.of(connection, SignedRequest.payload("search_batch", arguments));
        assertNearest(expected, answer);
        assertEquals(20, answer.detail().get("counts").size());
        assertEquals(7, answer.detail().get("counts").get(19).asInt());
        assertEquals("0/5000", answer.detail().get("waited_for").asString());

        String keys = ",\"keys\":[[\"n'\\\"\\\\ä0\",\"3\"],[\"no\",\"such\"]]";
        Answer ranked =
                Answer.of(connection, SignedRequest.payload("rank_batch", arguments + keys));
        assertEquals(20, ranked.distances().size());
        assertEquals(1, ranked.detail().get("counts").get(0).asInt());
    }

    @Test
    void batchesThatAreTooLargeOrEmpty() throws SQLException {
        String start = "\"index\":" + RunningServer.READY_INDEX + ",\"k\":%d,\"queries\":[%s]";
        assertRefused("22023", "\"query\"", start.formatted(1, ""));
        assertRefused("22023", "1001 queries", start.formatted(1, "[1]" + ",[1]".repeat(1_000)));
        assertRefused("22023", "k is 100001", start.formatted(100_001, "[1]"));
        assertRefused("22023", "200,000 rows", start.formatted(100_000, "[1],[1]"));
        assertRefused("22023", "not an array", start.formatted(1, "[1],2"));
        assertRefused("22000", "expected 384 dimensions", start.formatted(1, "[1],[1]"));
    }

    private void assertRefused(String state, String words, String arguments) throws SQLException {
        Answer answer = Answer.of(connection, SignedRequest.payload("search_batch", arguments));
        assertEquals(state, answer.sqlState());
        assertTrue(answer.message().contains(words), answer::message);
    }

    @Test
    void parametersInsteadOfLiterals() throws SQLException {
        String payload = SignedRequest.search(RunningServer.READY_INDEX, 3, QUERY, "");
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT annex.request(?, ?)")) {
            for (int i = 0; i < 8; i++) {
                String fresh = SignedRequest.search(RunningServer.READY_INDEX, 3, QUERY, "");
                statement.setString(1, i == 0 ? payload : fresh);
                statement.setString(2, SignedRequest.sign(i == 0 ? payload : fresh));
                try (ResultSet row = statement.executeQuery()) {
                    assertNearest(exact(QUERY).subList(0, 3), Answer.only(connection, row));
                }
            }
        }
    }

    @Test
    void status() throws SQLException {
        Answer answer = Answer.of(connection, SignedRequest.payload("status", "\"refresh\":true"));
        assertEquals("test", answer.detail().get("name").asString());
        assertEquals("annex_test", answer.detail().get("slot").asString());
        assertTrue(answer.detail().get("streaming").asBoolean());
        var ready = answer.detail().get("indexes").get(0);
        assertEquals(RunningServer.READY_INDEX, ready.get("index").asLong());
        assertEquals("ready", ready.get("state").asString());
        assertEquals(2, ready.get("shards").asInt());
        assertEquals(1_000, ready.get("rows").asInt());
        var loading = answer.detail().get("indexes").get(1);
        assertEquals("loading", loading.get("state").asString());
        assertEquals(123, loading.get("expected_rows").asInt());
        assertEquals(List.of(), answer.distances());
    }

    @Test
    void whatIsWrongIsAnAnswer() throws SQLException {
        float[] three = {1, 2, 3};
        float[] zero = new float[RunningServer.DIMENSION];
        refused("22000", "384 dimensions, not 3", search(three, 10, ""));
        refused("22P02", "zero vector", search(zero, 10, ""));
        refused("22P02", "NaN", search(QUERY, 10, "").replaceFirst("\\[[^,]+,", "[\"NaN\","));
        refused("22023", "k is 0, allowed are 1 to 100000", search(QUERY, 0, ""));
        refused("22023", "k is 100001", search(QUERY, 100_001, ""));
        refused("22023", "consistency", search(QUERY, 1, ",\"consistency\":\"sloppy\""));
        refused("22023", "timeout_ms", search(QUERY, 1, ",\"timeout_ms\":0"));
        refused(
                "22023",
                "lacks \"index\"",
                SignedRequest.payload("search", "\"k\":1,\"query\":[1]"));
        refused("22023", "unknown op", SignedRequest.payload("drop", ""));
        refused("22023", "not the JSON", "{\"op\":");
        refused("22023", "not a JSON object", "[]");
        refused("42704", "index 99", SignedRequest.search(99, 1, QUERY, ""));
        refused(
                "55000",
                "0 of about 123 rows",
                SignedRequest.search(RunningServer.LOADING_INDEX, 1, QUERY, ""));
    }

    private static String search(float[] query, int k, String more) {
        return SignedRequest.search(RunningServer.READY_INDEX, k, query, more);
    }

    private void refused(String sqlState, String words, String payload) throws SQLException {
        Answer answer = Answer.of(connection, payload);
        assertEquals(sqlState, answer.sqlState(), answer::message);
        assertTrue(answer.message().contains(words), answer::message);
    }

    @Test
    void aRequestIsAnsweredOnce() throws SQLException {
        String payload = search(QUERY, 1, "");
        assertEquals("ok", Answer.of(connection, payload).status());
        refused("28000", "already answered", payload);
        try (Connection other = server.connect("")) {
            assertEquals("28000", Answer.of(other, payload).sqlState());
        }
    }

    @Test
    void signatureAndExpiryAreChecked() throws SQLException {
        String payload = search(QUERY, 1, "");
        for (String signature :
                List.of(
                        "",
                        "zz",
                        SignedRequest.sign(payload, "another secret"),
                        SignedRequest.sign(payload).substring(2),
                        SignedRequest.sign(payload + " "))) {
            Answer answer = Answer.ofSql(connection, SignedRequest.sql(payload, signature));
            assertEquals("28000", answer.sqlState(), answer::message);
        }
        long now = System.currentTimeMillis();
        refused(
                "28000",
                "expired",
                SignedRequest.payload("status", SignedRequest.nonce(), now - 5, ""));
        refused(
                "28000",
                "expires in",
                SignedRequest.payload("status", SignedRequest.nonce(), now + 86_400_000, ""));
        refused("28000", "32 hexadecimal", SignedRequest.payload("status", "abc", now + 5_000, ""));
        assertEquals("ok", Answer.of(connection, payload).status());
    }

    @Test
    void aPositionThatIsNotReachedIsNamed() throws SQLException {
        server.flushed = Lsn.parse("0/6000");
        try {
            refused(
                    "57014",
                    "(waited_for_lsn=0/6000, applied_lsn=0/5000)",
                    search(QUERY, 1, ",\"timeout_ms\":60"));
        } finally {
            server.flushed = RunningServer.APPLIED;
        }
    }
}
