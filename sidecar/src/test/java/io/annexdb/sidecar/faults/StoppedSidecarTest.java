package io.annexdb.sidecar.faults;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** A sidecar that hangs is no burden for its server. */
class StoppedSidecarTest {
    private static final int SHUTDOWNS = Integer.getInteger("annex.faults.shutdowns", 1);

    private FaultScene scene;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        scene = FaultScene.open(folder);
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    @Test
    void aStoppedSidecarHoldsUpNoShutdown() throws Exception {
        scene.start();
        scene.createDocs();
        for (int i = 0; i < SHUTDOWNS; i++) {
            System.out.println(
                    "shutdown beside a stopped sidecar: " + StoppedSidecar.run(scene, i));
        }
    }
}
