package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.util.Random;

/** PostgreSQL ends at once and starts again, under load and searches; the sidecar stays. */
final class ServerCrashes {
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
                    Load load = Load.start(scene, ledger, 2, seed)) {
                for (int crash = 0; crash < crashes; crash++) {
                    scene.awaitServing(FaultScene.INDEX);
                    Thread.sleep(500 + random.nextInt(1_500));
                    scene.crashPostgres();
                }
                scene.awaitServing(FaultScene.INDEX);
                transactions = load.transactions();
            }
            try (Connection connection = scene.connect()) {
                ledger.resolve(connection);
            }
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            Judge.ledger(scene, ledger, "docs");
            double recall = Judge.answers(ledger, searches.replies());
            assertEquals(copies, scene.copies(), "copies of tables: an outage needs none");
            return new RandomKills.Result(
                    crashes, transactions, searches.replies().size(), searches.refused(), recall);
        } finally {
            scene.dropDocs();
        }
    }
}
