package io.annexdb.sidecar.faults;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;

/** Each fault of slot and publication once. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StreamFaultsTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    private FaultScene scene;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        System.out.println("StreamFaultsTest -Dannex.seed=" + SEED);
        scene = FaultScene.open(folder);
        scene.start();
    }

    @AfterAll
    void stop() throws Exception {
        scene.close();
    }

    @ParameterizedTest
    @EnumSource
    void neverWrongAndRightAgain(StreamFault fault) throws Exception {
        fault.run(scene, SEED);
    }
}
