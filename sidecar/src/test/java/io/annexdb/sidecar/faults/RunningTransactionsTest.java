package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;

/**
 * A transaction that has written to a table before it is published, and commits afterwards, is in
 * no snapshot that is taken too early, and the stream leaves out what it wrote before. The first
 * copy waits for it.
 */
class RunningTransactionsTest {
    @TempDir Path folder;

    @Test
    void whatRunsWhileATableIsPublishedIsNotLost() throws Exception {
        // Another index, so that slot and stream are there already.
        try (FaultScene scene = FaultScene.openWithDocs(folder);
                Connection connection = scene.connect();
                Statement writer = connection.createStatement()) {
            scene.run("create table more (id bigint primary key, embedding real[])", rows(1, 100));
            connection.setAutoCommit(false);
            writer.execute(rows(101, 150));
            writer.execute("delete from more where id <= 20");
            scene.run("select annex.create_index('more', 'embedding', metric => 'l2')");
            FaultScene.await(
                    "the table is not published",
                    () ->
                            scene.holds(
                                    "select from pg_publication_tables where tablename = 'more'"));
            Thread.sleep(1_000);
            assertEquals(
                    "loading",
                    scene.value(
                            "select state from annex.index_status where index_name ="
                                    + " 'more_embedding'"));
            String message =
                    scene.value(
                            "select message from annex.index_status where index_name ="
                                    + " 'more_embedding'");
            assertTrue(message.contains("waits for"), message);
            writer.execute(rows(151, 160));
            connection.commit();
            Judge.atRest(scene, "more", "more_embedding");
        }
    }

    private static String rows(int from, int to) {
        return "insert into more select i, array(select sin(i * j::float8) from generate_series(1,"
                + " 16) j) from generate_series("
                + from
                + ", "
                + to
                + ") i";
    }
}
