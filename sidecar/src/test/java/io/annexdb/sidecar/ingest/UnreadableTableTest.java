package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A table that cannot be read fails alone: the other indexes of the sidecar come and go on. */
class UnreadableTableTest {
    private static final String READER = "reader";
    private static final int BLOCK_BYTES = 8_192;

    @TempDir Path directory;

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.startIn(directory.resolve("data"));
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    /** What keeps the sidecar's role from reading a table. */
    enum Obstacle {
        NO_GRANT(
                "REVOKE SELECT ON %s FROM reader",
                "GRANT SELECT ON %s TO reader", "permission denied for table"),
        ROW_SECURITY(
                "ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE %s DISABLE ROW LEVEL SECURITY", "affected by row-level security");

        private final String begin;
        private final String end;
        private final String reason;

        Obstacle(String begin, String end, String reason) {
            this.begin = begin;
            this.end = end;
            this.reason = reason;
        }

        String begin(String table) {
            return begin.formatted(table);
        }

        String end(String table) {
            return end.formatted(table);
        }
    }

    /** One cannot be read from the beginning, another one when it is to be compared. */
    @ParameterizedTest
    @EnumSource
    void aRoleThatMayNotReadATable(Obstacle obstacle) throws Exception {
        server.execute("CREATE ROLE " + READER + " LOGIN REPLICATION");
        try (Scene scene = Scene.openAs(READER, server.url(), directory.resolve("index"))) {
            scene.execute(
                    table("docs"),
                    table("more"),
                    table("secret"),
                    "GRANT SELECT ON docs, more, secret TO " + READER,
                    obstacle.begin("secret"));
            indexBesideDocs(scene, "secret");
            assertSame(scene, 2, "docs");
            scene.awaitFailure(1, obstacle.reason);
            scene.createIndex(3, "public.more", "v", null);
            assertSame(scene, 3, "more");
            assertEquals(
                    Optional.empty(),
                    scene.running().status().error(),
                    "what is wrong with one table is no error of the sidecar");

            VectorIndex docs = scene.ready(2);
            scene.execute(obstacle.begin("docs"), change("docs"));
            assertSame(scene, 2, "docs");
            assertEquals(docs, scene.ready(2), "the stream goes on without being asked");

            scene.stop();
            scene.execute(
                    "SELECT pg_drop_replication_slot('annex_main')",
                    change("docs"),
                    change("more"));
            scene.start();
            scene.awaitFailure(2, obstacle.reason);
            assertSame(scene, 3, "more");
            scene.execute(change("more"), obstacle.end("secret"), obstacle.end("docs"));
            assertSame(scene, 3, "more");
            assertSame(scene, 1, "secret");
            assertSame(scene, 2, "docs");
            assertTrue(scene.ready(2).copied().kept() > 0, "its rows were kept to be compared");
        }
    }

    @Test
    void aTableWithADamagedBlock() throws Exception {
        server.execute(table("docs"), table("damaged"), "CHECKPOINT");
        damage(server.query("SELECT pg_relation_filepath('damaged')").getFirst());
        try (Scene scene = Scene.open(server.url(), directory.resolve("index"))) {
            indexBesideDocs(scene, "damaged");
            assertSame(scene, 2, "docs");
            scene.awaitFailure(1, "invalid page in block 1");
            scene.execute(change("docs"));
            assertSame(scene, 2, "docs");
            assertEquals(Optional.empty(), scene.running().status().error());
            scene.execute("TRUNCATE damaged", "INSERT INTO damaged VALUES (1, '{1,2}')");
            assertSame(scene, 1, "damaged");
        }
    }

    /** As by VACUUM FULL, or the alteration of a type, once the copy has begun. */
    @Test
    void aTableThatIsLockedForLong() throws Exception {
        try (WatchingProxy proxy = new WatchingProxy(server.postgres().getPort());
                Scene scene =
                        Scene.open(
                                "jdbc:postgresql://127.0.0.1:%d/postgres".formatted(proxy.port()),
                                directory.resolve("index"));
                Connection connection = server.connect();
                Statement locker = connection.createStatement()) {
            scene.execute(table("docs"), table("locked"), table("more"));
            connection.setAutoCommit(false);
            CompletableFuture<Void> locked =
                    proxy.beforeNext(
                            "SET TRANSACTION SNAPSHOT",
                            () -> locker.execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE"));
            indexBesideDocs(scene, "locked");
            locked.get(30, TimeUnit.SECONDS);
            assertSame(scene, 2, "docs");
            scene.awaitFailure(1, "lock timeout");
            scene.createIndex(3, "public.more", "v", null);
            scene.awaitValue(
                    "SELECT string_agg(relation, ' ' ORDER BY relation) FROM (SELECT"
                            + " prrelid::regclass::text AS relation FROM pg_publication_rel) r",
                    "docs locked more");
            assertEquals(Optional.empty(), scene.running().status().error());
            connection.rollback();
            assertSame(scene, 1, "locked");
            assertSame(scene, 3, "more");
        }
    }

    /** As by VACUUM, or CREATE INDEX, of a table that is to be published: others are. */
    @Test
    void aTableThatIsLockedBeforeItIsPublished() throws Exception {
        try (Scene scene = Scene.open(server.url(), directory.resolve("index"));
                Connection connection = server.connect();
                Statement locker = connection.createStatement()) {
            scene.execute(table("docs"), table("locked"));
            connection.setAutoCommit(false);
            locker.execute("LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE");
            indexBesideDocs(scene, "locked");
            assertSame(scene, 2, "docs");
            String error = scene.running().status().error().orElse("none");
            assertTrue(error.contains("lock timeout"), error);
            connection.rollback();
            assertSame(scene, 1, "locked");
            scene.await(scene::describe, () -> scene.running().status().error().isEmpty());
        }
    }

    /** As index 1; that of docs is 2. */
    private static void indexBesideDocs(Scene scene, String table) throws SQLException {
        scene.createIndexes(
                Scene.index(1, "public." + table, "v", null),
                Scene.index(2, "public.docs", "v", null));
    }

    private static void assertSame(Scene scene, long index, String table) throws Exception {
        scene.assertSame(index, table, "v", 2, null);
    }

    private static String table(String name) {
        return "CREATE TABLE %1$s (id bigint PRIMARY KEY, v real[]);".formatted(name)
                + "INSERT INTO %s SELECT i, ARRAY[i, 1] FROM generate_series(1, 500) i"
                        .formatted(name);
    }

    private static String change(String name) {
        return "INSERT INTO %1$s SELECT max(id) + 1, '{1,2}' FROM %1$s;".formatted(name)
                + "DELETE FROM %1$s WHERE id = (SELECT min(id) FROM %1$s)".formatted(name);
    }

    private void damage(String file) throws Exception {
        server.stop();
        try (FileChannel channel =
                FileChannel.open(
                        directory.resolve("data").resolve(file), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), BLOCK_BYTES + 8);
        }
        server.restart();
    }
}
