package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.telemetry.RecoveryDecision;

import java.time.Duration;

/** PostgreSQL is shut down while the sidecar is stopped by a signal, with changes under way. */
final class StoppedSidecar {
    private static final Duration SHUTDOWN_MOST = Duration.ofSeconds(5);

    private StoppedSidecar() {}

    /** Returns how long the shutdown took; afterwards both run, and are judged. */
    static Duration run(FaultScene scene, long seed) throws Exception {
        long copies = scene.copies();
        long resumed = scene.recoveries(RecoveryDecision.SKIP_DUPLICATES);
        scene.sidecar().signal("STOP");
        Duration took;
        try {
            scene.run(
                    "insert into docs select "
                            + seed * 10_000
                            + " + i, 'lag', array(select random() from generate_series(1, 16) where"
                            + " i > 0) from generate_series(1, 5000) i on conflict do nothing");
            took = scene.postgres().stop();
        } finally {
            scene.sidecar().signal("CONT");
        }
        assertTrue(took.compareTo(SHUTDOWN_MOST) < 0, "the shutdown took " + took);
        scene.postgres().restart();
        Judge.atRest(scene, "docs", FaultScene.INDEX);
        assertEquals(copies, scene.copies(), "copies of tables: an outage needs none");
        assertTrue(
                scene.recoveries(RecoveryDecision.SKIP_DUPLICATES) > resumed, "not in the metric");
        return took;
    }
}
