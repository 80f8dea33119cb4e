package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.query.Consistency;
import io.annexdb.sidecar.query.Fence;
import io.annexdb.sidecar.query.SearchRequest;
import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** One database with the SQL API, and a follower of it that can be stopped and started. */
final class Scene implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String SUPERUSER = "postgres";

    final String url;
    final Telemetry telemetry = new Telemetry();
    private final Path directory;
    private final String role;
    private final int copyConnections;
    private IndexRegistry registry;
    private Follower follower;

    private Scene(String url, Path directory, String role, int copyConnections) {
        this.url = url;
        this.directory = directory;
        this.role = role;
        this.copyConnections = copyConnections;
        this.registry = IndexRegistry.open(IndexSettings.of(directory));
        this.follower = follower();
    }

    /**
     * Installs the SQL API and starts a follower named main. Rewritten tables are left to the
     * follower, as where the installer was no superuser: the catalog gives their indexes no other
     * number.
     */
    static Scene open(String url, Path directory) throws SQLException {
        return open(url, directory, 2);
    }

    /** As the other, with so many connections for copies. */
    static Scene open(String url, Path directory, int copyConnections) throws SQLException {
        return open(url, directory, SUPERUSER, copyConnections);
    }

    /** As the other, with a follower of this role. */
    static Scene openAs(String role, String url, Path directory) throws SQLException {
        Scene scene = open(url, directory, role, 2);
        scene.execute("SELECT annex.grant_sidecar('" + role + "')");
        return scene;
    }

    private static Scene open(String url, Path directory, String role, int copyConnections)
            throws SQLException {
        AnnexMigrations.migrate(url, SUPERUSER, null, Map.of());
        dropSlotOfAnEarlierScene(url);
        Scene scene = new Scene(url, directory, role, copyConnections);
        scene.execute("ALTER EVENT TRIGGER annex_follow_rewrites DISABLE");
        return scene;
    }

    /** As the other, with all event triggers. */
    static Scene openWithTriggers(String url, Path directory) throws SQLException {
        AnnexMigrations.migrate(url, SUPERUSER, null, Map.of());
        dropSlotOfAnEarlierScene(url);
        Scene scene = new Scene(url, directory, SUPERUSER, 2);
        // The tests choose the first numbers themselves.
        scene.execute("SELECT setval('memory.vector_index_id', 1000)");
        return scene;
    }

    /** A test's follower leaves its slot, in another database of the same server. */
    private static void dropSlotOfAnEarlierScene(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, SUPERUSER, "");
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    DO $$ BEGIN
                        FOR i IN 1 .. 100 LOOP
                            PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots
                                WHERE slot_name = 'annex_main' AND NOT active
                                AND database <> current_database();
                            EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots
                                WHERE slot_name = 'annex_main' AND database <> current_database());
                            PERFORM pg_sleep(0.05);
                        END LOOP;
                    END $$
                    """);
        }
    }

    private Follower follower() {
        Follower started =
                new Follower(
                        new FollowerSettings(
                                url, role, "", "main", Duration.ofMillis(100), copyConnections),
                        registry,
                        telemetry);
        started.start();
        return started;
    }

    Follower running() {
        return follower;
    }

    IndexRegistry registry() {
        return registry;
    }

    /** Ends the follower and its files' owner, as a stop of the sidecar does. */
    void stop() {
        long started = System.nanoTime();
        follower.close();
        long millis = Duration.ofNanos(System.nanoTime() - started).toMillis();
        assertTrue(millis < 5_000, "the follower took " + millis + " ms to close");
        registry.close();
    }

    void start() {
        registry = IndexRegistry.open(IndexSettings.of(directory));
        follower = follower();
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, SUPERUSER, "");
    }

    void execute(String... statements) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** The first column of all rows. */
    List<String> query(String query) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    /** Puts an index into the catalog; its key is column id. */
    void createIndex(long id, String table, String column, @Nullable String namespace)
            throws SQLException {
        execute(index(id, table, column, namespace));
    }

    /** Puts several into it at once, so that one snapshot serves their copies. */
    void createIndexes(String... indexes) throws SQLException {
        execute("BEGIN; " + String.join("; ", indexes) + "; COMMIT");
    }

    /** What puts an index into the catalog. */
    static String index(long id, String table, String column, @Nullable String namespace) {
        return "INSERT INTO memory.vector_indexes (index_id, index_name, table_name, column_name,"
                + " metric, method, namespace_column, key_columns, fetch_columns) VALUES ("
                + id
                + ", 'index_"
                + id
                + "', '"
                + table
                + "', '"
                + column
                + "', 'l2', 'flat', "
                + (namespace == null ? "NULL" : "'" + namespace + "'")
                + ", '{id}', '{}')";
    }

    void dropIndex(long id) throws SQLException {
        execute("DELETE FROM memory.vector_indexes WHERE index_id = " + id);
    }

    /** The shards of the index that was created with this number, whatever it has now. */
    List<VectorIndex> shards(long id) {
        return registry.open().stream()
                .filter(index -> index.definition().originId() == id)
                .toList();
    }

    /** The number that the catalog has for the index that was created with this one. */
    long number(long id) throws SQLException {
        return Long.parseLong(
                query("SELECT index_id FROM annex.indexes WHERE index_name = 'index_" + id + "'")
                        .getFirst());
    }

    /** The one shard of the index, once it is ready under the number that it has now. */
    VectorIndex ready(long id) throws SQLException, InterruptedException {
        long number = number(id);
        await(
                () -> "index " + id + " is not ready as " + number + ": " + describe(),
                () ->
                        registry.shardsOf(number).size() == 1
                                && registry.shardsOf(number).getFirst().state() == State.READY);
        return registry.shardsOf(number).getFirst();
    }

    /** Asserts that the ready index holds exactly the table's rows with an indexable vector. */
    void assertSame(long id, String table, String column, int dimension, @Nullable String namespace)
            throws Exception {
        VectorIndex index = ready(id);
        Lsn flushed = follower.primaryPosition().flushLsn();
        assertTrue(
                registry.awaitApplied(flushed, PATIENCE),
                () -> flushed + " was not applied: " + describe());
        Map<String, String> expected = new TreeMap<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT id::text, hash_array_extended("
                                        + column
                                        + ", 0), "
                                        + (namespace == null ? "NULL" : namespace + "::text")
                                        + " FROM "
                                        + table
                                        + " WHERE cardinality("
                                        + column
                                        + ") = "
                                        + dimension)) {
            while (row.next()) {
                expected.put(row.getString(1), row.getLong(2) + " " + row.getString(3));
            }
        }
        Map<String, String> actual = new TreeMap<>();
        if (namespace == null) {
            found(index, dimension, null, actual);
        } else {
            for (String each : query("SELECT DISTINCT " + namespace + "::text FROM " + table)) {
                found(index, dimension, each, actual);
            }
        }
        assertEquals(expected.size(), index.status().rows(), "live rows of " + index.status());
        assertEquals(expected, actual);
    }

    private static void found(
            VectorIndex index,
            int dimension,
            @Nullable String namespace,
            Map<String, String> rows) {
        for (Neighbor each :
                index.reads()
                        .search(
                                new float[dimension],
                                1_000_000,
                                100,
                                namespace,
                                Double.POSITIVE_INFINITY,
                                () -> false)) {
            rows.put(each.key().columns().getFirst(), each.vectorHash() + " " + namespace);
        }
    }

    /** What the sidecar's metrics count, for example {@code annex_recovery_total{decision="x"}}. */
    long counted(String metric) {
        return telemetry
                .scrape()
                .lines()
                .filter(line -> line.startsWith(metric + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(metric.length() + 1)))
                .sum();
    }

    /** The keys of all rows of an index that has vectors of two dimensions. */
    Set<Long> search(long index, @Nullable String namespace, Consistency consistency) {
        Fence fence = new Fence(follower.primaryPosition(), registry, telemetry);
        SearchRequest request =
                new SearchRequest(
                        index,
                        new float[] {1, 1},
                        100_000,
                        100,
                        namespace,
                        Double.POSITIVE_INFINITY,
                        consistency,
                        Duration.ZERO,
                        Duration.ofSeconds(2));
        return new SearchService(registry, fence, telemetry)
                .search(request, () -> false).neighbors().stream()
                        .map(neighbor -> Long.valueOf(neighbor.key().columns().getFirst()))
                        .collect(Collectors.toSet());
    }

    /**
     * Asserts of 50 answers of index 1, asked for at once, that each has the row that was committed
     * before it, and nothing wrong. While the indexes are compared they may refuse.
     *
     * @param insert the statement that commits a row with this id
     */
    void assertAnswers(LongFunction<String> insert, Predicate<Set<Long>> isWrong) throws Exception {
        String namespace = query("SELECT namespace_column FROM memory.vector_indexes").getFirst();
        int answers = 0;
        int refusals = 0;
        long end = System.nanoTime() + 2 * PATIENCE.toNanos();
        for (long id = 500_000; answers < 50; id++) {
            assertTrue(System.nanoTime() < end, this::describe);
            execute(insert.apply(id));
            try {
                Set<Long> found = search(1, namespace == null ? null : "t", Consistency.STRONG);
                assertTrue(found.contains(id), "row " + id + " is missing");
                assertFalse(isWrong.test(found), () -> "wrong rows: " + found);
                answers++;
            } catch (AnnexException e) {
                refusals++;
                Thread.sleep(5);
            }
        }
        System.out.println("refused until the indexes were compared: " + refusals);
        assertFalse(isWrong.test(search(1, namespace == null ? null : "t", Consistency.EVENTUAL)));
    }

    /** Waits until the index with this number shows as failed, with this among the reasons. */
    void awaitFailure(long id, String reason) throws InterruptedException {
        await(
                () -> "index " + id + " has not failed of " + reason + ": " + describe(),
                () ->
                        shards(id).stream()
                                .anyMatch(index ->
                                        String.valueOf(index.status().failure()).contains(reason)));
    }

    void await(Supplier<String> message, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, () -> message.get());
            Thread.sleep(10);
        }
    }

    /** Waits until a query says so. */
    void awaitValue(String query, String expected) throws SQLException, InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (List<String> now = query(query); !now.equals(List.of(expected)); now = query(query)) {
            assertTrue(System.nanoTime() < end, query + " says " + now + ", not " + expected);
            Thread.sleep(10);
        }
    }

    String describe() {
        return follower.status() + " " + registry.open().stream().map(VectorIndex::status).toList();
    }

    @Override
    public void close() {
        stop();
    }
}
