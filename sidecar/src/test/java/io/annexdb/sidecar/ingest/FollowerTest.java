package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.IndexActivity;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;

class FollowerTest {
    private static final String DOCS =
            "CREATE TABLE docs (id bigint PRIMARY KEY, tenant text, small real[], wide real[], note"
                    + " text)";

    @RegisterExtension static final SharedServer SERVER = new SharedServer();

    @TempDir Path directory;

    @Test
    void followsEveryKindOfChange() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(DOCS, rows("docs", 1, 200));
            scene.createIndex(1, "public.docs", "small", "tenant");
            scene.createIndex(2, "public.docs", "wide", null);
            same(scene);
            scene.execute(rows("docs", 201, 300));
            same(scene);
            scene.execute(
                    "UPDATE docs SET note = 'x'",
                    "UPDATE docs SET small = small || 7::real WHERE id = 7",
                    "UPDATE docs SET small = ARRAY[id, 1, 2, 3]::real[] WHERE id % 5 = 0",
                    "UPDATE docs SET tenant = 'moved' WHERE id % 7 = 0",
                    "UPDATE docs SET wide = NULL WHERE id % 11 = 0",
                    "UPDATE docs SET small = NULL WHERE id % 13 = 0");
            same(scene);
            scene.execute(
                    "UPDATE docs SET id = id + 10000 WHERE id % 3 = 0",
                    "UPDATE docs SET id = -id, tenant = 'other' WHERE id > 10000 AND id % 2 = 0",
                    "DELETE FROM docs WHERE id % 4 = 1");
            same(scene);
            try (Connection connection = scene.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("DELETE FROM docs WHERE id = 2");
                statement.execute("UPDATE docs SET id = 2 WHERE id = 4");
                statement.execute(rows("docs", 4, 4));
                statement.execute("SAVEPOINT s");
                statement.execute("DELETE FROM docs");
                statement.execute("ROLLBACK TO s");
                connection.commit();
                statement.execute("DELETE FROM docs");
                connection.rollback();
            }
            same(scene);
            scene.execute("TRUNCATE docs", rows("docs", 1, 3));
            same(scene);
            assertEquals(3, scene.ready(1).status().rows());
        }
    }

    @Test
    void aLargeTransactionComesInParts() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(DOCS);
            scene.createIndex(1, "public.docs", "small", "tenant");
            scene.ready(1);
            scene.execute(
                    "INSERT INTO docs SELECT i, 't' || i % 10, ARRAY[i, 1, 1, 1]::real[]"
                            + " FROM generate_series(1, 20000) i");
            scene.assertSame(1, "docs", "small", 4, "tenant");
            assertEquals(20_000, scene.ready(1).status().rows());
        }
    }

    @Test
    void aNewIndexAndARestartLeaveTheOthersAlone() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(DOCS, rows("docs", 1, 100));
            scene.createIndex(1, "public.docs", "small", "tenant");
            VectorIndex first = scene.ready(1);
            scene.createIndex(2, "public.docs", "wide", null);
            same(scene);
            assertEquals(List.of(first), scene.registry().shardsOf(1));
            scene.stop();
            scene.execute(
                    rows("docs", 101, 150),
                    "DELETE FROM docs WHERE id < 10",
                    "UPDATE docs SET note = 'kept', id = id + 1000 WHERE id < 50");
            scene.start();
            same(scene);
            assertEquals(0, scene.ready(1).status().loadedRows(), "not copied again");
            assertEquals(0, scene.ready(2).status().loadedRows(), "not copied again");
        }
    }

    @Test
    void nothingStaysBehindAfterTheLastIndex() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(
                    DOCS, "CREATE TABLE more (id int PRIMARY KEY, v real[])", rows("docs", 1, 10));
            scene.createIndex(1, "public.docs", "small", "tenant");
            scene.createIndex(2, "public.more", "v", null);
            scene.ready(1);
            scene.ready(2);
            scene.dropIndex(1);
            scene.running().refresh();
            assertEquals(List.of(), scene.registry().shardsOf(1));
            assertEquals(
                    List.of("more"), scene.query("SELECT tablename FROM pg_publication_tables"));
            scene.execute("DROP TABLE more");
            scene.running().refresh();
            assertEquals(List.of(), scene.registry().shardsOf(2));
            assertEquals(0, scene.registry().onDisk().size());
            assertEquals(List.of(), scene.query("SELECT pubname FROM pg_publication"));
            assertEquals(
                    List.of(),
                    scene.query(
                            "SELECT slot_name FROM pg_replication_slots WHERE database ="
                                    + " current_database()"));
            scene.dropIndex(2);
            scene.createIndex(3, "public.docs", "small", "tenant");
            scene.assertSame(3, "docs", "small", 4, "tenant");
        }
    }

    @Test
    void aRewrittenTableMeansAComparison() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(
                    "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                    "INSERT INTO docs SELECT i, ARRAY[i, 2] FROM generate_series(1, 20) i");
            scene.createIndex(1, "public.docs", "v", null);
            scene.assertSame(1, "docs", "v", 2, null);
            VectorIndex before = scene.ready(1);
            scene.execute(
                    "ALTER TABLE docs ALTER COLUMN v TYPE real[] USING ARRAY[v[1] * 2, v[2]]");
            scene.await(
                    scene::describe, () -> !scene.registry().shardsOf(1).equals(List.of(before)));
            scene.assertSame(1, "docs", "v", 2, null);
        }
    }

    @Test
    void anOpenPreparedTransactionIsNamed() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(
                    "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                    "BEGIN; INSERT INTO docs VALUES (1, '{1,2}'); PREPARE TRANSACTION 'forgotten'");
            scene.createIndex(1, "public.docs", "v", null);
            scene.await(
                    scene::describe,
                    () ->
                            scene.running()
                                    .status()
                                    .activities()
                                    .getOrDefault(1L, new IndexActivity("", 0, ""))
                                    .toString()
                                    .contains("prepared transaction 'forgotten'"));
            assertEquals(State.LOADING, scene.registry().shardsOf(1).getFirst().state());
            scene.execute("COMMIT PREPARED 'forgotten'");
            scene.assertSame(1, "docs", "v", 2, null);
            assertEquals(1, scene.ready(1).status().rows());
            scene.await(scene::describe, () -> scene.running().status().activities().isEmpty());
        }
    }

    /** A walsender that waits for a prepared transaction does not see that its client has gone. */
    @Test
    void aCopyThatNobodyWantsLeavesNoWalsenderWaiting() throws Exception {
        String waiting =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query"
                        + " LIKE 'CREATE_REPLICATION_SLOT%' AND wait_event_type = 'Lock'";
        try (Scene scene = scene()) {
            scene.execute(
                    "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                    "CREATE TABLE more (id bigint PRIMARY KEY, v real[])");
            scene.createIndex(1, "public.docs", "v", null);
            scene.ready(1);
            scene.execute(
                    "BEGIN; INSERT INTO docs VALUES (1, '{1,2}'); PREPARE TRANSACTION 'open'");
            scene.createIndex(2, "public.more", "v", null);
            scene.awaitValue(waiting, "1");
            scene.dropIndex(2);
            scene.awaitValue(waiting, "0");
            scene.createIndex(3, "public.more", "v", null);
            scene.awaitValue(waiting, "1");
            scene.stop();
            scene.awaitValue(waiting, "0");
            scene.start();
            scene.execute("COMMIT PREPARED 'open'");
            scene.ready(3);
        }
    }

    @Test
    void whatCannotBeFollowedFailsAlone() throws Exception {
        try (Scene scene = scene()) {
            scene.execute(
                    "CREATE TABLE docs (id bigint PRIMARY KEY, v real[])",
                    "CREATE UNLOGGED TABLE quick (id bigint PRIMARY KEY, v real[])",
                    "CREATE TABLE priced (id numeric PRIMARY KEY, v real[])",
                    "INSERT INTO docs VALUES (1, '{1,2}')");
            scene.createIndex(1, "public.docs", "v", null);
            scene.createIndex(2, "public.quick", "v", null);
            scene.createIndex(3, "public.priced", "v", null);
            scene.assertSame(1, "docs", "v", 2, null);
            assertTrue(failure(scene, 2).contains("unlogged"), failure(scene, 2));
            assertTrue(failure(scene, 3).contains("numeric"), failure(scene, 3));
            scene.execute(
                    "ALTER TABLE quick SET LOGGED", "INSERT INTO quick VALUES (5, '{1,2,3}')");
            scene.assertSame(2, "quick", "v", 3, null);
            scene.execute("ALTER TABLE docs DROP COLUMN v", "INSERT INTO docs VALUES (2)");
            scene.execute("INSERT INTO quick VALUES (6, '{1,2,4}')");
            scene.assertSame(2, "quick", "v", 3, null);
            scene.running().refresh();
            assertTrue(
                    scene.registry().shardsOf(1).stream()
                            .noneMatch(index -> index.state() == State.READY));
        }
    }

    private static String failure(Scene scene, long id) {
        return scene.registry().shardsOf(id).stream()
                .map(index -> String.valueOf(index.status().failure()))
                .findFirst()
                .orElse("no shard");
    }

    /** Wide vectors are stored out of line; small ones are not. */
    private static void same(Scene scene) throws Exception {
        scene.assertSame(1, "docs", "small", 4, "tenant");
        scene.assertSame(2, "docs", "wide", 700, null);
    }

    private static String rows(String table, int from, int to) {
        return "INSERT INTO "
                + table
                + " SELECT i, 't' || i % 3, ARRAY[i, i + 1, i % 5, 1]::real[],"
                + " ARRAY(SELECT random() + i * 0 FROM generate_series(1, 700))::real[], 'n'"
                + " FROM generate_series("
                + from
                + ", "
                + to
                + ") i";
    }

    private Scene scene() throws Exception {
        return Scene.open(SERVER.newUrl(), directory);
    }
}
