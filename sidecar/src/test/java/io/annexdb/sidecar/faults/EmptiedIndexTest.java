package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.endtoend.Ask;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;

/**
 * The vectors of a table get another dimension, and the sidecar is killed when its index has no row
 * left and waits for the audit to have the table copied, while its position goes on.
 */
class EmptiedIndexTest {
    private static final int OTHER_DIMENSION = 3;

    private static final String COPY = "select from pg_replication_slots where temporary";

    private static final String FLUSHED =
            "select from pg_replication_slots where slot_name = '"
                    + FaultScene.SLOT
                    + "' and confirmed_flush_lsn >= '%s'";

    @TempDir Path folder;

    @Test
    void killedBeforeItsCopy() throws Exception {
        try (FaultScene scene = FaultScene.open(folder)) {
            // But for those that wait_for_index has it make.
            scene.auditEvery(3_600_000);
            scene.start();
            scene.run(
                    "create table docs (id bigint primary key, embedding real[])",
                    insert(1, 20, Load.DIMENSION),
                    FaultScene.CREATE_INDEX,
                    "select annex.wait_for_index('docs_embedding', '1 minute')");
            // Its end calls for an audit, too.
            FaultScene.await("the copy's slot goes", () -> !scene.holds(COPY));
            scene.run(insert(101, 120, OTHER_DIMENSION), "delete from docs where id <= 20");
            acknowledged(scene);
            // From here on it waits. It takes rows of the former dimension again, until the copy.
            scene.run(
                    insert(201, 220, OTHER_DIMENSION),
                    insert(301, 320, Load.DIMENSION),
                    "delete from docs where id < 300");
            acknowledged(scene);
            assertIsLoading(scene);
            long copies = scene.copies();
            scene.sidecar().kill();
            assertEquals(1, copies, "copies before it was killed");
            scene.auditEvery(200);
            scene.start();
            Judge.atRest(scene, "docs", FaultScene.INDEX);
        }
    }

    private static void assertIsLoading(FaultScene scene) throws SQLException {
        long id = scene.indexId(FaultScene.INDEX);
        try (Ask ask = Ask.connect(scene.wirePort())) {
            SQLException refused =
                    assertThrows(
                            SQLException.class, () -> ask.search(id, new float[Load.DIMENSION], 1));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("is still loading"),
                    refused.toString());
        }
    }

    private static String insert(int from, int to, int dimension) {
        return "insert into docs select i, array_fill(i::real, array[%d]) from generate_series(%d, %d) i"
                .formatted(dimension, from, to);
    }

    /** The server may forget what it has sent so far. */
    private static void acknowledged(FaultScene scene) throws Exception {
        String written = scene.value("select pg_current_wal_lsn()");
        FaultScene.await("acknowledges " + written, () -> scene.holds(FLUSHED.formatted(written)));
    }
}
