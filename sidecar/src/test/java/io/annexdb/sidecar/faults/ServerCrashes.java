package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.telemetry.RecoveryDecision;

import java.sql.Connection;
import java.util.Random;

/** PostgreSQL ends at once and starts again, under load and searches; the sidecar stays. */
final class ServerCrashes {
    private static final int WRITERS = 2;

    /** Before the first crash, between two, and after the last so many searches are answered. */
    private static final int ANSWERS_AROUND_EACH = 3;

    /** The judge's least for each crash. */
    private static final int TRANSACTIONS_FOR_EACH = 20;

    private ServerCrashes() {}

    /** Crashes so often. */
    static RandomKills.Result run(FaultScene scene, int crashes, long seed) throws Exception {
        Random random = new Random(seed);
        scene.createDocs();
        long copies = scene.copies();
        Ledger ledger;
        try (Connection connection = scene.connect()) {
            ledger = Ledger.open(connection, "docs");
        }
        try {
            int transactions;
            Searches searches = Searches.start(scene, FaultScene.INDEX, seed);
            try (searches;
                    Load load = Load.start(scene, ledger, WRITERS, seed)) {
                for (int crash = 0; crash < crashes; crash++) {
                    scene.awaitServing(FaultScene.INDEX);
                    searches.awaitMore(ANSWERS_AROUND_EACH);
                    Thread.sleep(500 + random.nextInt(1_500));
                    scene.crashPostgres();
                }
                scene.awaitServing(FaultScene.INDEX);
                searches.awaitMore(ANSWERS_AROUND_EACH);
                transactions = load.transactions();
            }
            try (Connection connection = scene.connect()) {
                ledger.resolve(connection);
            }
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            Judge.ledger(scene, ledger, "docs");
            double recall =
                    Judge.answers(ledger, searches.replies(), (crashes + 1) * ANSWERS_AROUND_EACH);
            assertTrue(
                    transactions >= crashes * TRANSACTIONS_FOR_EACH,
                    transactions + " transactions beside " + crashes + " crashes");
            assertEquals(copies, scene.copies(), "copies of tables: an outage needs none");
            assertTrue(
                    scene.recoveries(RecoveryDecision.SKIP_DUPLICATES) > crashes,
                    "not in the metric");
            return new RandomKills.Result(
                    crashes, transactions, searches.replies().size(), searches.refused(), recall);
        } finally {
            scene.dropDocs();
        }
    }
}
