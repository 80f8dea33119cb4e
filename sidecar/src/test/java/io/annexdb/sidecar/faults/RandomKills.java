package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;

/**
 * kill -9 of the sidecar at any moment under load, and searches all the time. With every other kill
 * what it had written and not fsynced is lost. It goes on from its files each time: not a table is
 * copied again.
 */
final class RandomKills {
    private static final int WRITERS = 2;

    /** What came of it, for the report. */
    record Result(int kills, int transactions, int answers, int refusals, double recall) {}

    private RandomKills() {}

    /** Kills so often. */
    static Result run(FaultScene scene, int kills, long seed) throws Exception {
        return run(scene, kill -> kill < kills, seed);
    }

    /** Kills as long as that holds of the number of kills so far. */
    static Result run(FaultScene scene, java.util.function.IntPredicate goesOn, long seed)
            throws Exception {
        Random random = new Random(seed);
        restart(scene);
        scene.createDocs();
        long copies = scene.copies();
        int kills = 0;
        try (Connection connection = scene.connect()) {
            Ledger ledger = Ledger.open(connection, "docs");
            int transactions;
            Searches searches = Searches.start(scene, FaultScene.INDEX, seed);
            try (searches;
                    Load load = Load.start(scene, ledger, WRITERS, seed)) {
                for (; goesOn.test(kills); kills++) {
                    scene.awaitServing(FaultScene.INDEX);
                    Thread.sleep(random.nextInt(1_500));
                    scene.sidecar().kill();
                    if (kills % 2 == 1) {
                        scene.loseUnsynced(random);
                    } else {
                        scene.copyForNext();
                    }
                    scene.start(scene.keepSynced());
                }
                transactions = load.transactions();
            }
            ledger.resolve(connection);
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            Judge.ledger(scene, ledger, "docs");
            double recall = Judge.answers(ledger, searches.replies());
            assertEquals(copies, scene.copies(), "copies of tables: a restart needs none");
            return new Result(
                    kills, transactions, searches.replies().size(), searches.refused(), recall);
        } finally {
            end(scene);
        }
    }

    private static void restart(FaultScene scene) throws Exception {
        scene.stop();
        scene.copyForNext();
        scene.start(scene.keepSynced());
    }

    private static void end(FaultScene scene) throws SQLException {
        scene.dropDocs();
    }
}
