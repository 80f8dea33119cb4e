package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.telemetry.RecoveryDecision;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A shard whose log is gone has nothing to be compared: the last rung of the ladder. */
class NothingLeftTest {
    @TempDir Path folder;

    @Test
    void theTableIsCopiedAgain() throws Exception {
        try (FaultScene scene = FaultScene.openWithDocs(folder)) {
            scene.run(
                    "insert into docs select i, 'row', array(select sin(i * j::float8) from"
                            + " generate_series(1, 16) j) from generate_series(1, 500) i");
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            scene.stop();
            long copies = scene.copiesOf("docs");
            try (Stream<Path> files = Files.walk(scene.index())) {
                for (Path file :
                        files.filter(f -> f.getFileName().toString().startsWith("log-")).toList()) {
                    Files.delete(file);
                }
            }
            scene.start();
            Judge.atRest(scene, "docs", FaultScene.INDEX);
            assertEquals(copies + 1, scene.copiesOf("docs"), "copies of the table");
            assertEquals(1, scene.recoveries(RecoveryDecision.REBUILD), "not in the metric");
            assertEquals(0, scene.recoveries(RecoveryDecision.RECONCILE), "nothing was left");
        }
    }
}
