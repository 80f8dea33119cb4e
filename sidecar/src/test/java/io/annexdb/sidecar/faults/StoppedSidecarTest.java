package io.annexdb.sidecar.faults;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** A sidecar that hangs is no burden for its server. */
class StoppedSidecarTest {
    private static final int SHUTDOWNS = Integer.getInteger("annex.faults.shutdowns", 1);

    @TempDir Path folder;

    @Test
    void aStoppedSidecarHoldsUpNoShutdown() throws Exception {
        try (FaultScene scene = FaultScene.openWithDocs(folder)) {
            for (int i = 0; i < SHUTDOWNS; i++) {
                System.out.println(
                        "shutdown beside a stopped sidecar: " + StoppedSidecar.run(scene, i));
            }
        }
    }
}
