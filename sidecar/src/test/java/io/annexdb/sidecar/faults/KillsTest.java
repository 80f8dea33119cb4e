package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The sidecar dies at each failpoint, at its first pass and at a random one, and at any moment. */
class KillsTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    private static final long SECONDS = Long.getLong("annex.faults.kill-seconds", 120);

    /** It takes about five where nothing else runs, and three times as long beside two builds. */
    private static final int SECONDS_FOR_EACH = 30;

    @TempDir Path folder;

    @Test
    void atEachFailpointTwiceAndAtAnyMoment() throws Exception {
        System.out.println("KillsTest -Dannex.seed=" + SEED);
        Random random = new Random(SEED);
        List<KillAtFailpoint.Kill> kills = new ArrayList<>();
        for (Failpoint failpoint : Failpoint.values()) {
            kills.add(new KillAtFailpoint.Kill(failpoint, 1));
            kills.add(KillAtFailpoint.Kill.random(failpoint, random));
        }
        // Mostly one waits for a JVM to start; so three servers side by side.
        int half = kills.size() / 2;
        try (ExecutorService executor = Executors.newFixedThreadPool(3)) {
            List<Future<?>> lanes =
                    List.of(
                            executor.submit(() -> run("one", kills.subList(0, half))),
                            executor.submit(() -> run("two", kills.subList(half, kills.size()))),
                            executor.submit(this::runAtAnyMoment));
            for (Future<?> lane : lanes) {
                lane.get();
            }
        }
    }

    private @Nullable Void run(String lane, List<KillAtFailpoint.Kill> kills) throws Exception {
        Path directory = Files.createDirectory(folder.resolve(lane));
        try (FaultScene scene = FaultScene.openWithDocs(directory)) {
            System.out.println(KillAtFailpoint.run(scene, kills, SEED));
        }
        return null;
    }

    private @Nullable Void runAtAnyMoment() throws Exception {
        long end = System.nanoTime() + SECONDS * 1_000_000_000L;
        try (FaultScene scene = FaultScene.open(Files.createDirectory(folder.resolve("three")))) {
            RandomKills.Result result = RandomKills.run(scene, _ -> System.nanoTime() < end, SEED);
            System.out.println(result);
            assertTrue(result.kills() >= SECONDS / SECONDS_FOR_EACH, "few kills: " + result);
        }
        return null;
    }
}
