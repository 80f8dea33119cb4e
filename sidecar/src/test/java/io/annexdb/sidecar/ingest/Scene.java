package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;
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
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** One database with the SQL API, and a follower of it that can be stopped and started. */
final class Scene implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    final String url;
    private final Path directory;
    private final int copyConnections;
    private IndexRegistry registry;
    private Follower follower;

    private Scene(String url, Path directory, int copyConnections) {
        this.url = url;
        this.directory = directory;
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
        AnnexMigrations.migrate(url, "postgres", null, Map.of());
        Scene scene = new Scene(url, directory, copyConnections);
        scene.execute("ALTER EVENT TRIGGER annex_follow_rewrites DISABLE");
        return scene;
    }

    /** As the other, with all event triggers. */
    static Scene openWithTriggers(String url, Path directory) throws SQLException {
        AnnexMigrations.migrate(url, "postgres", null, Map.of());
        Scene scene = new Scene(url, directory, 2);
        // The tests choose the first numbers themselves.
        scene.execute("SELECT setval('memory.vector_index_id', 1000)");
        return scene;
    }

    private Follower follower() {
        Follower started =
                new Follower(
                        new FollowerSettings(
                                url,
                                "postgres",
                                "",
                                "main",
                                Duration.ofMillis(100),
                                copyConnections),
                        registry,
                        new Telemetry());
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
        return DriverManager.getConnection(url, "postgres", "");
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

    /** What does it. */
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
                index.search(
                        new float[dimension],
                        1_000_000,
                        100,
                        namespace,
                        Double.POSITIVE_INFINITY,
                        () -> false)) {
            rows.put(each.key().columns().getFirst(), each.vectorHash() + " " + namespace);
        }
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
