package io.annexdb.sidecar.faults;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** PostgreSQL ends at once and recovers; the sidecar goes on with it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CrashesTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);
    private static final int CRASHES = Integer.getInteger("annex.faults.crashes", 3);

    private FaultScene scene;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        System.out.println("CrashesTest -Dannex.seed=" + SEED);
        scene = FaultScene.open(folder);
        scene.start();
    }

    @AfterAll
    void stop() throws Exception {
        scene.close();
    }

    @Test
    void postgresqlEndsAtOnce() throws Exception {
        System.out.println(ServerCrashes.run(scene, CRASHES, SEED));
    }
}
