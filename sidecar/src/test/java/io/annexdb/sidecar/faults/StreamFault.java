package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.endtoend.SidecarProcess;
import io.annexdb.sidecar.telemetry.RecoveryDecision;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Something happens to the sidecar's slot or publication that the server does not tell of: without
 * a word it would leave out changes.
 */
enum StreamFault {
    SLOT_DROPPED("the replication slot is gone") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.dropSlot();
        }
    },
    SLOT_RECREATED("the slot starts at", "the replication slot is gone") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            withFreeSlot(scene, "select pg_drop_replication_slot('annex_test')", CREATE);
        }
    },
    SLOT_ADVANCED("the slot starts at") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            withFreeSlot(scene, WRITE, ADVANCE);
        }
    },
    SLOT_RECREATED_WHILE_DOWN("the slot starts at") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            Thread.sleep(300);
            withFreeSlot(scene, "select pg_drop_replication_slot('annex_test')", CREATE);
            scene.start();
        }
    },
    SLOT_ADVANCED_WHILE_DOWN("the slot starts at") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            Thread.sleep(300);
            withFreeSlot(scene, WRITE, ADVANCE);
            scene.start();
        }
    },
    /** By max_slot_wal_keep_size: the server has thrown away what the slot would need. */
    SLOT_LOST("the replication slot is unusable") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            loseWhileDown(
                    scene,
                    "max_slot_wal_keep_size = '16MB'",
                    "select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)),"
                            + " pg_switch_wal()");
        }
    },
    /** By idle_replication_slot_timeout, which PostgreSQL has from 18 on. */
    SLOT_IDLE("the replication slot is unusable") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            assumeTrue(scene.version() >= 18, "this server invalidates no idle slots");
            loseWhileDown(scene, "idle_replication_slot_timeout = '1s'", "select pg_sleep(0.5)");
        }
    },
    PUBLICATION_DROPPED("The stream cannot continue", "The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("drop publication annex_data");
        }
    },
    PUBLICATION_RECREATED("The stream cannot continue", "The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("drop publication annex_data");
            unlessThere(scene, "create publication annex_data for table docs");
        }
    },
    PUBLICATION_RECREATED_WHILE_DOWN("compared with the table", "The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            scene.run("drop publication annex_data");
            Thread.sleep(300);
            scene.run("create publication annex_data for table docs");
            scene.start();
        }
    },
    TABLE_UNPUBLISHED("The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data drop table docs");
        }
    },
    TABLE_UNPUBLISHED_FOR_A_MOMENT("The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data drop table docs");
            Thread.sleep(20);
            unlessThere(scene, "alter publication annex_data add table docs");
        }
    },
    ONLY_INSERTS_PUBLISHED("The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set (publish = 'insert')");
        }
    },
    ONLY_SOME_ROWS_PUBLISHED("The publication lost a relation") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set table docs where (id % 2 = 0)");
        }
    },
    ONLY_SOME_COLUMNS_PUBLISHED("The publication lost a relation", "is out of service") {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set table docs (id, title)");
        }
    };

    private static final String CREATE =
            "select pg_create_logical_replication_slot('annex_test', 'pgoutput')";

    /** Behind a transaction that the sidecar cannot have seen. */
    private static final String WRITE = "select pg_logical_emit_message(true, 'filler', 'unseen')";

    private static final String ADVANCE =
            "select pg_replication_slot_advance('annex_test', pg_current_wal_lsn())";

    /** A good deal more than the audit interval of these tests. */
    private static final long NOTICE_MILLIS = 1_000;

    private static final long NOTICE_MILLIS_MOST = 10_000;

    /** Before the fault and after it so many searches are answered, which the judge sees. */
    private static final int ANSWERS_AROUND = 5;

    /** What the sidecar logs of it, one of these. */
    @SuppressWarnings("ImmutableEnumChecker") // of List.of
    private final List<String> notices;

    StreamFault(String... notices) {
        this.notices = List.of(notices);
    }

    /** Does it. */
    abstract void inflict(FaultScene scene) throws Exception;

    /**
     * Inflicts it under load and searches: no answer is wrong, and in the end table and index are
     * equal. What the publication lacks an event trigger tells at once. Without one, which only a
     * superuser may create, the audit notices it, and answers until then are not judged. Seeds take
     * turns.
     */
    void run(FaultScene scene, long seed) throws Exception {
        if (isOfSlot() || Math.floorMod(name().hashCode() + seed, 2) == 0) {
            run(scene, seed, !isOfSlot());
            return;
        }
        trigger(scene, "disable");
        try {
            run(scene, seed, false);
        } finally {
            trigger(scene, "enable");
        }
    }

    private static void trigger(FaultScene scene, String action) throws SQLException {
        scene.run(
                "alter event trigger annex_follow_publications " + action,
                "alter event trigger annex_follow_publications_dropped " + action);
    }

    private void run(FaultScene scene, long seed, boolean isTold) throws Exception {
        Random random = new Random(seed);
        scene.createDocs();
        // The judge's slot would be lost, too.
        boolean isListened = this != SLOT_LOST && this != SLOT_IDLE;
        try (Connection connection = scene.connect()) {
            Ledger ledger = Ledger.open(connection, "docs");
            Searches searches = Searches.start(scene, FaultScene.INDEX, seed);
            Before before = Before.of(scene, notices);
            long from;
            long to;
            try (searches;
                    Load _ = Load.start(scene, ledger, 2, seed)) {
                searches.awaitMore(ANSWERS_AROUND);
                Thread.sleep(300 + random.nextInt(700));
                if (!isListened) {
                    Ledger.close(connection);
                }
                from = System.nanoTime();
                inflict(scene);
                if (!isTold) {
                    awaitLogged(scene, before);
                }
                to = System.nanoTime() + NOTICE_MILLIS * 1_000_000;
                Thread.sleep(NOTICE_MILLIS + random.nextInt(500));
                searches.awaitMore(ANSWERS_AROUND);
            }
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            requireNoticed(scene, before, isTold);
            if (isListened) {
                ledger.resolve(connection);
                Judge.ledger(scene, ledger, "docs");
                boolean isJudgedWhole = isTold || isOfSlot();
                Judge.answers(
                        ledger,
                        isJudgedWhole ? searches.replies() : outside(searches, from, to),
                        2 * ANSWERS_AROUND);
            }
        } finally {
            scene.dropDocs();
        }
    }

    /** How things were before a fault. */
    private record Before(
            SidecarProcess process, long indexId, long copies, long compared, long notices) {
        static Before of(FaultScene scene, List<String> notices) throws Exception {
            return new Before(
                    scene.sidecar(),
                    scene.indexId(FaultScene.INDEX),
                    scene.copiesOf("docs"),
                    scene.recoveries(RecoveryDecision.RECONCILE),
                    scene.logged(notices));
        }
    }

    /**
     * An event trigger has given the index another number, so that it was copied. Otherwise the
     * sidecar has seen what happened, has said so, and has compared its rows with the table.
     */
    private void requireNoticed(FaultScene scene, Before before, boolean isTold) throws Exception {
        assertTrue(scene.copiesOf("docs") > before.copies, "the table was not read again");
        if (isTold) {
            assertNotEquals(before.indexId, scene.indexId(FaultScene.INDEX), "no trigger told");
            return;
        }
        assertEquals(before.indexId, scene.indexId(FaultScene.INDEX), "somebody else told");
        assertTrue(
                scene.logged(notices) > before.notices,
                () -> "nothing of this is in the log: " + notices);
        boolean isSameProcess = scene.sidecar() == before.process;
        assertTrue(
                scene.recoveries(RecoveryDecision.RECONCILE)
                        > (isSameProcess ? before.compared : 0),
                "not in the metric");
    }

    private void awaitLogged(FaultScene scene, Before before) throws Exception {
        long end = System.nanoTime() + NOTICE_MILLIS_MOST * 1_000_000;
        while (System.nanoTime() < end && scene.logged(notices) <= before.notices) {
            Thread.sleep(20);
        }
    }

    /** Does it, unless the audit was quicker. */
    private static void unlessThere(FaultScene scene, String statement) throws SQLException {
        try {
            scene.run(statement);
        } catch (SQLException e) {
            if (!"42710".equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    private boolean isOfSlot() {
        return name().startsWith("SLOT");
    }

    private static List<Searches.Reply> outside(Searches searches, long from, long to) {
        List<Searches.Reply> kept = new ArrayList<>();
        for (Searches.Reply reply : searches.replies()) {
            if (reply.nanos() < from || reply.nanos() > to) {
                kept.add(reply);
            }
        }
        return kept;
    }

    /** Between the end of its connection and the next one, 0.1 s later. */
    private static void withFreeSlot(FaultScene scene, String... statements) throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                scene.run(
                        "select pg_terminate_backend(active_pid) from pg_replication_slots where"
                                + " active_pid is not null and slot_name = 'annex_test'");
                for (int i = 0; i < 100 && scene.slotIsActive(); i++) {
                    Thread.onSpinWait();
                }
                scene.run(statements);
                return;
            } catch (SQLException e) {
                if (attempt > 50) {
                    throw e;
                }
            }
        }
    }

    /** Until a checkpoint finds that the slot is no longer to be kept. */
    private static void loseWhileDown(FaultScene scene, String setting, String step)
            throws Exception {
        scene.stop();
        scene.run("alter system set " + setting, "select pg_reload_conf()");
        try {
            for (int i = 0; i < 50 && !scene.slotIsLost(); i++) {
                scene.run(step, "checkpoint");
            }
            assertTrue(scene.slotIsLost(), "the slot is not lost");
        } finally {
            scene.run("alter system reset all", "select pg_reload_conf()");
        }
        scene.start();
    }
}
