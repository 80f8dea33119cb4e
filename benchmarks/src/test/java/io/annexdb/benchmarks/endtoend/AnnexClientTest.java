package io.annexdb.benchmarks.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.jdbc.AccessDeniedException;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.AnnexClientException;
import io.annexdb.jdbc.BulkLoad;
import io.annexdb.jdbc.Consistency;
import io.annexdb.jdbc.Fallback;
import io.annexdb.jdbc.Hit;
import io.annexdb.jdbc.IndexProgress;
import io.annexdb.jdbc.IndexSpec;
import io.annexdb.jdbc.InvalidRequestException;
import io.annexdb.jdbc.Method;
import io.annexdb.jdbc.Metric;
import io.annexdb.jdbc.SearchRequest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;

@SuppressWarnings("NullAway.Init") // set before all tests
class AnnexClientTest {
    private static final long SEED = 20_261_121;
    private static final int ROWS = 2_000;
    private static final int DIMENSION = 24;
    private static final Random RANDOM = new Random(SEED);
    private static final List<Doc> DOCS =
            IntStream.range(0, ROWS).mapToObj(i -> new Doc(i, "ns" + i % 7, vector())).toList();

    private static DevelopmentServer server;
    private static AnnexClient client;

    private static final class Doc {
        private final int id;
        private final String space;
        private final float[] vector;

        Doc(int id, String space, float[] vector) {
            this.id = id;
            this.space = space;
            this.vector = vector;
        }
    }

    @BeforeAll
    static void start() throws IOException, InterruptedException, SQLException {
        server = new DevelopmentServer(ServerFolder.temporary(), new Ports(0, 0, 0).resolve());
        server.start();
        client = client(server.password());
        try (Connection connection =
                        DriverManager.getConnection(
                                server.jdbcUrl(), server.user(), server.password());
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE docs (id int PRIMARY KEY, space text, distance text, v real[])");
        }
        client.load(load(), DOCS.iterator());
        List<IndexProgress> seen = new ArrayList<>();
        assertEquals(
                "docs_v",
                client.createIndex(
                        IndexSpec.on("docs", "v")
                                .metric(Metric.L2)
                                .method(Method.HNSW)
                                .namespaceColumn("space")
                                .m(24)
                                .efConstruction(300)
                                .build()));
        client.waitForIndex("docs_v", Duration.ofMinutes(3), seen::add);
        assertFalse(seen.isEmpty());
        IndexProgress last = seen.getLast();
        assertEquals("ready", last.state());
        assertEquals("ready", last.phase());
        assertEquals(100, last.percent());
        assertEquals(Optional.empty(), last.timeLeft());
        assertNull(last.waitsFor());
        for (IndexProgress each : seen.subList(0, seen.size() - 1)) {
            assertTrue(each.percent() < 100, each.toString());
            assertFalse(each.phase().isEmpty(), each.toString());
            assertEquals(
                    each.rowsPerSecond() > 0 && each.rowsExpected() > each.rowsDone(),
                    each.timeLeft().isPresent(),
                    each.toString());
        }
    }

    @AfterAll
    static void stop() throws IOException {
        if (client != null) {
            client.close();
        }
        server.close();
    }

    @Test
    void findsWhatIsNearest() {
        long found = 0;
        for (int i = 0; i < 50; i++) {
            float[] query = vector();
            List<Hit<Integer>> hits = client.search(request(query).build());
            List<Integer> exact = exact(query, doc -> true);
            assertEquals(10, hits.size());
            found += hits.stream().map(Hit::row).filter(exact::contains).count();
        }
        assertTrue(found >= 475, "recall " + found / 500.0 + ", seed " + SEED);
    }

    @Test
    void aBatchFindsWhatSingleSearchesFind() {
        List<float[]> queries = IntStream.range(0, 30).mapToObj(i -> vector()).toList();
        List<List<Hit<Integer>>> together =
                client.searchBatch(
                        SearchRequest.ofAll("docs", "v", queries, row -> row.getInt("id"))
                                .k(7)
                                .filter("id % 10 < ?", 5)
                                .build());
        assertEquals(queries.size(), together.size());
        for (int i = 0; i < queries.size(); i++) {
            assertEquals(
                    client.search(request(queries.get(i)).k(7).filter("id % 10 < ?", 5).build()),
                    together.get(i));
        }
        assertEquals(
                List.of(List.of(), List.of()),
                client.searchBatch(
                        SearchRequest.ofAll("docs", "v", queries.subList(0, 2), row -> 0)
                                .namespace("nobody")
                                .build()));
    }

    @Test
    void wrongBatchesAreRefused() {
        float[] query = vector();
        assertThrows(IllegalArgumentException.class, () -> all(List.of()));
        assertEquals(
                "vector 2 has 1 components, the first one has 24",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> all(List.of(query, new float[1])))
                        .getMessage());
        assertEquals(
                "vector 2 is null",
                assertThrows(IllegalArgumentException.class, () -> all(Arrays.asList(query, null)))
                        .getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> client.search(all(List.of(query, query))));
        float[] holed = query.clone();
        holed[4] = Float.NaN;
        refused("22P02", List.of(query, holed), "element 5 of query 2 is NaN");
        refused("22000", List.of(new float[3], new float[3]), "expected 24 dimensions, not 3");
        refused("22023", Collections.nCopies(1_001, query), "1001 queries");
    }

    private static SearchRequest<Integer> all(List<float[]> queries) {
        return SearchRequest.ofAll("docs", "v", queries, row -> row.getInt("id")).build();
    }

    private static void refused(String state, List<float[]> queries, String words) {
        InvalidRequestException error =
                assertThrows(InvalidRequestException.class, () -> client.searchBatch(all(queries)));
        assertEquals(state, error.sqlState());
        assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
    }

    @Test
    void distancesAreExactAndInOrder() {
        float[] query = vector();
        List<Hit<Integer>> hits = client.search(request(query).efSearch(200).build());
        double last = 0;
        for (Hit<Integer> hit : hits) {
            assertEquals(distance(query, DOCS.get(hit.row())), hit.distance(), 1e-5);
            assertTrue(hit.distance() >= last);
            last = hit.distance();
        }
    }

    @Test
    void aNamespaceAndAFilterWithParametersAreExact() {
        float[] query = vector();
        List<Hit<Integer>> inSpace = client.search(request(query).namespace("ns3").build());
        assertEquals(exact(query, doc -> doc.space.equals("ns3")), rows(inSpace));

        List<Hit<Integer>> filtered =
                client.search(
                        request(query)
                                .filter(
                                        "space = ANY(?) AND id % 100 = ?",
                                        List.of("ns1", "it's"), 5)
                                .build());
        assertEquals(
                exact(query, doc -> doc.space.equals("ns1") && doc.id % 100 == 5), rows(filtered));
    }

    @Test
    void theFarthestAllowedDistanceHolds() {
        float[] query = DOCS.get(42).vector;
        List<Hit<Integer>> hits = client.search(request(query).maxDistance(1e-6).build());
        assertEquals(List.of(42), rows(hits));
    }

    @Test
    void theVectorComesWhenItIsAskedFor() {
        Doc doc = DOCS.get(77);
        var with =
                SearchRequest.of(
                                "public.docs",
                                "v",
                                doc.vector,
                                row -> (Float[]) row.getArray("v").getArray())
                        .k(1)
                        .withVector()
                        .build();
        Float[] read = client.search(with).getFirst().row();
        float[] vector = new float[read.length];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = read[i];
        }
        assertArrayEquals(doc.vector, vector);

        var without =
                SearchRequest.of("docs", "v", doc.vector, row -> row.getArray("v") == null)
                        .k(1)
                        .build();
        assertTrue(client.search(without).getFirst().row());
    }

    @Test
    void aColumnCalledDistanceIsNotTheDistance() {
        var request =
                SearchRequest.of("docs", "v", DOCS.get(5).vector, row -> row.getString("distance"))
                        .k(1)
                        .build();
        Hit<String> hit = client.search(request).getFirst();
        assertEquals("column of 5", hit.row());
        assertEquals(0, hit.distance(), 1e-9);
    }

    @Test
    void aCommittedRowIsFoundAtOnce() {
        for (int i = 0; i < 20; i++) {
            Doc fresh = new Doc(100_000 + i, "fresh", vector());
            client.load(load(), List.of(fresh).iterator());
            List<Hit<Integer>> hits =
                    client.search(
                            request(fresh.vector).k(1).consistency(Consistency.STRONG).build());
            assertEquals(List.of(fresh.id), rows(hits));
        }
        deleteFresh();
    }

    @Test
    void wrongRequestsSayWhatIsWrong() {
        InvalidRequestException dimension =
                assertThrows(
                        InvalidRequestException.class,
                        () -> client.search(request(new float[] {1, 2}).build()));
        assertTrue(String.valueOf(dimension.getMessage()).contains("24"), dimension::toString);
        assertTrue(dimension.hint().isPresent());
        float[] query = vector();
        assertState("22023", () -> client.search(request(query).k(0).build()));
        assertState(
                "42P01",
                () -> client.search(SearchRequest.of("nowhere", "v", query, row -> 1).build()));
        assertState("42601", () -> client.search(request(query).filter("id = = 1").build()));
        assertState("42704", () -> client.dropIndex("no_such_index"));
        assertState(
                "42710", () -> client.createIndex(IndexSpec.on("docs", "v").name("other").build()));
    }

    @Test
    void aWrongPasswordIsRefusedAtOnce() {
        AccessDeniedException error =
                assertThrows(AccessDeniedException.class, () -> client("wrong"));
        assertEquals("28P01", error.sqlState());
    }

    private static void assertState(
            String state, org.junit.jupiter.api.function.Executable statement) {
        AnnexClientException error = assertThrows(InvalidRequestException.class, statement);
        assertEquals(state, error.sqlState(), error::toString);
    }

    private static AnnexClient client(String password) {
        return AnnexClient.builder(server.jdbcUrl())
                .user(server.user())
                .password(password)
                .poolSize(2)
                .fallback(Fallback.ERROR)
                .build();
    }

    private static BulkLoad<Doc> load() {
        return BulkLoad.<Doc>into(
                        "docs",
                        List.of("id", "space", "distance", "v"),
                        (doc, columns) -> {
                            columns.write(doc.id);
                            columns.write(doc.space);
                            columns.write("column of " + doc.id);
                            columns.write(doc.vector);
                        })
                .replaceByKey("id")
                .build();
    }

    private static void deleteFresh() {
        try (Connection connection =
                        DriverManager.getConnection(
                                server.jdbcUrl(), server.user(), server.password());
                Statement statement = connection.createStatement()) {
            statement.execute("DELETE FROM docs WHERE space = 'fresh'");
        } catch (SQLException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SearchRequest.Builder<Integer> request(float[] query) {
        return SearchRequest.of("docs", "v", query, row -> row.getInt("id"));
    }

    private static List<Integer> rows(List<Hit<Integer>> hits) {
        return hits.stream().map(Hit::row).toList();
    }

    private static List<Integer> exact(float[] query, Predicate<Doc> filter) {
        return DOCS.stream()
                .filter(filter)
                .sorted(Comparator.comparingDouble(doc -> distance(query, doc)))
                .limit(10)
                .map(doc -> doc.id)
                .toList();
    }

    private static double distance(float[] query, Doc doc) {
        double sum = 0;
        for (int i = 0; i < query.length; i++) {
            double difference = (double) query[i] - doc.vector[i];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }

    private static float[] vector() {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) RANDOM.nextGaussian();
        }
        return vector;
    }
}
