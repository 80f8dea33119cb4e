package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.telemetry.RecoveryDecision;

import java.sql.Connection;
import java.util.Random;
import java.util.function.IntPredicate;

/**
 * kill -9 of the sidecar at any moment under load, and searches all the time. With every other kill
 * what it had written and not fsynced is lost. It goes on from its files each time: not a table is
 * copied again.
 */
final class RandomKills {
    private static final int WRITERS = 2;

    /** Before each kill so many searches are answered, which the judge sees. */
    private static final int ANSWERS_BEFORE_EACH = 3;

    /** The judge's least for each kill. */
    private static final int TRANSACTIONS_FOR_EACH = 20;

    /** What came of it, for the report. */
    record Result(int kills, int transactions, int answers, int refusals, double recall) {}

    private RandomKills() {}

    /** Kills so often. */
    static Result run(FaultScene scene, int kills, long seed) throws Exception {
        return run(scene, kill -> kill < kills, seed);
    }

    /** Kills as long as that holds of the number of kills so far. */
    static Result run(FaultScene scene, IntPredicate goesOn, long seed) throws Exception {
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
                    searches.awaitMore(ANSWERS_BEFORE_EACH);
                    Thread.sleep(random.nextInt(1_500));
                    scene.sidecar().kill();
                    if (kills % 2 == 1) {
                        scene.image().loseUnsynced(random);
                    } else {
                        scene.image().begin();
                    }
                    scene.start(scene.image().flag());
                }
                transactions = load.transactions();
            }
            ledger.resolve(connection);
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            Judge.ledger(scene, ledger, "docs");
            double recall = Judge.answers(ledger, searches.replies(), kills * ANSWERS_BEFORE_EACH);
            assertTrue(
                    transactions >= kills * TRANSACTIONS_FOR_EACH,
                    transactions + " transactions beside " + kills + " kills");
            assertEquals(copies, scene.copies(), "copies of tables: a restart needs none");
            assertTrue(scene.recoveries(RecoveryDecision.SKIP_DUPLICATES) > 0, "not in the metric");
            return new Result(
                    kills, transactions, searches.replies().size(), searches.refused(), recall);
        } finally {
            scene.dropDocs();
        }
    }

    private static void restart(FaultScene scene) throws Exception {
        scene.stop();
        scene.image().begin();
        scene.start(scene.image().flag());
    }
}
