package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

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
    SLOT_DROPPED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.dropSlot();
        }
    },
    SLOT_RECREATED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            withFreeSlot(scene, "select pg_drop_replication_slot('annex_test')", CREATE);
        }
    },
    SLOT_ADVANCED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            withFreeSlot(scene, ADVANCE);
        }
    },
    SLOT_RECREATED_WHILE_DOWN {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            Thread.sleep(300);
            withFreeSlot(scene, "select pg_drop_replication_slot('annex_test')", CREATE);
            scene.start();
        }
    },
    SLOT_ADVANCED_WHILE_DOWN {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            Thread.sleep(300);
            withFreeSlot(scene, ADVANCE);
            scene.start();
        }
    },
    /** By max_slot_wal_keep_size: the server has thrown away what the slot would need. */
    SLOT_LOST {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            setting(scene, "max_slot_wal_keep_size", "16MB");
            try {
                for (int i = 0; i < 50 && !scene.slotIsLost(); i++) {
                    scene.run(
                            "select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)),"
                                    + " pg_switch_wal()",
                            "checkpoint");
                }
                assertTrue(scene.slotIsLost(), "the slot is not lost");
            } finally {
                setting(scene, "max_slot_wal_keep_size", "-1");
            }
            scene.start();
        }
    },
    /** By idle_replication_slot_timeout, which PostgreSQL has from 18 on. */
    SLOT_IDLE {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            setting(scene, "idle_replication_slot_timeout", "1s");
            try {
                for (int i = 0; i < 20 && !scene.slotIsLost(); i++) {
                    Thread.sleep(500);
                    scene.run("checkpoint");
                }
                assertTrue(scene.slotIsLost(), "the slot is not invalidated");
            } finally {
                setting(scene, "idle_replication_slot_timeout", "0");
            }
            scene.start();
        }
    },
    PUBLICATION_DROPPED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("drop publication annex_data");
        }
    },
    PUBLICATION_RECREATED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run(
                    "drop publication annex_data", "create publication annex_data for table docs");
        }
    },
    PUBLICATION_RECREATED_WHILE_DOWN {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.stop();
            scene.run("drop publication annex_data");
            Thread.sleep(300);
            scene.run("create publication annex_data for table docs");
            scene.start();
        }
    },
    TABLE_UNPUBLISHED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data drop table docs");
        }
    },
    TABLE_UNPUBLISHED_FOR_A_MOMENT {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data drop table docs");
            Thread.sleep(20);
            try {
                scene.run("alter publication annex_data add table docs");
            } catch (SQLException e) {
                // Then the audit was quicker.
                if (!"42710".equals(e.getSQLState())) {
                    throw e;
                }
            }
        }
    },
    ONLY_INSERTS_PUBLISHED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set (publish = 'insert')");
        }
    },
    ONLY_SOME_ROWS_PUBLISHED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set table docs where (id % 2 = 0)");
        }
    },
    ONLY_SOME_COLUMNS_PUBLISHED {
        @Override
        void inflict(FaultScene scene) throws Exception {
            scene.run("alter publication annex_data set table docs (id, title)");
        }
    };

    private static final String CREATE =
            "select pg_create_logical_replication_slot('annex_test', 'pgoutput')";
    private static final String ADVANCE =
            "select pg_replication_slot_advance('annex_test', pg_current_wal_lsn())";

    /** A good deal more than the audit interval of these tests. */
    private static final long NOTICE_MILLIS = 1_000;

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
            run(scene, seed, true);
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

    private void run(FaultScene scene, long seed, boolean isNoticedAtOnce) throws Exception {
        Random random = new Random(seed);
        scene.createDocs();
        // The judge's slot would be lost, too.
        boolean isListened = this != SLOT_LOST && this != SLOT_IDLE;
        try (Connection connection = scene.connect()) {
            Ledger ledger = Ledger.open(connection, "docs");
            Searches searches = Searches.start(scene, FaultScene.INDEX, seed);
            long from;
            long to;
            try (searches;
                    Load _ = Load.start(scene, ledger, 2, seed)) {
                Thread.sleep(300 + random.nextInt(700));
                if (!isListened) {
                    Ledger.close(connection);
                }
                from = System.nanoTime();
                inflict(scene);
                to = System.nanoTime() + NOTICE_MILLIS * 1_000_000;
                Thread.sleep(NOTICE_MILLIS + random.nextInt(500));
            }
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            if (isListened) {
                ledger.resolve(connection);
                Judge.ledger(scene, ledger, "docs");
                Judge.answers(
                        ledger, isNoticedAtOnce ? searches.replies() : outside(searches, from, to));
            }
        } finally {
            scene.dropDocs();
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

    private static void setting(FaultScene scene, String name, String value) throws SQLException {
        scene.run("alter system set " + name + " = '" + value + "'", "select pg_reload_conf()");
    }
}
