package io.annexdb.sidecar.faults;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;

/** Each alteration of a table, and of partitions, once: by turns within a transaction or not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DdlFaultsTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    private FaultScene scene;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        System.out.println("DdlFaultsTest -Dannex.seed=" + SEED);
        scene = FaultScene.open(folder);
        scene.start();
    }

    @AfterAll
    void stop() throws Exception {
        scene.close();
    }

    @ParameterizedTest
    @EnumSource
    void exactAllTheTime(DdlFault fault) throws Exception {
        fault.run(scene, SEED);
    }

    @ParameterizedTest
    @EnumSource
    void exactAllTheTime(PartitionFault fault) throws Exception {
        fault.run(scene, SEED);
    }
}
