package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.telemetry.Failpoint;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Faults for as long as asked, each with seeds of its own, until each was inflicted as often as is
 * its goal: {@code ./mvnw -Pfaults -pl sidecar -am test -Dannex.faults.minutes=30
 * -Dannex.faults.report=FILE}. A step that fails is in the report with its seed, and is repeated by
 * {@code -Dannex.faults.only=FAULT -Dannex.seed=SEED}.
 */
class LongRunTest {
    private static final int MINUTES = Integer.getInteger("annex.faults.minutes", 0);
    private static final String ONLY = System.getProperty("annex.faults.only", "");
    private static final long SEED = Long.getLong("annex.seed", 1_000);
    private static final int KILLS = 10;

    @TempDir Path folder;

    /** Inflicts the fault in a scene whose sidecar is not started; returns what came of it. */
    private interface Step {
        String run(FaultScene scene, long seed) throws Exception;
    }

    /**
     * A kind of fault.
     *
     * @param goal how often it is to be inflicted in all runs
     * @param count how often a step inflicts it
     */
    private record Kind(String name, int goal, int count, Step step) {}

    @Test
    void asLongAsAsked() throws Exception {
        assumeTrue(MINUTES > 0, "long runs are asked for: ./mvnw -Pfaults");
        Report report =
                new Report(Path.of(System.getProperty("annex.faults.report", "faults.tsv")));
        List<Kind> kinds = kinds().stream().filter(k -> k.name().startsWith(ONLY)).toList();
        long end = System.nanoTime() + MINUTES * 60_000_000_000L;
        List<String> failures = new ArrayList<>();
        do {
            Kind kind = next(kinds, report);
            long seed = ONLY.isEmpty() ? SEED + report.steps(kind.name()) : SEED;
            long started = System.nanoTime();
            String result;
            try {
                result = run(kind, seed);
            } catch (Exception | AssertionError e) {
                result = "FAILED: " + e;
                failures.add(kind.name() + ", seed " + seed + ": " + e);
                e.printStackTrace(System.out);
            }
            long seconds = (System.nanoTime() - started) / 1_000_000_000;
            report.append(kind.name(), seed, kind.count(), seconds, result);
        } while (System.nanoTime() < end);
        assertEquals(List.of(), failures);
    }

    /** That which is farthest from its goal. */
    private static Kind next(List<Kind> kinds, Report report) throws IOException {
        Kind next = kinds.getFirst();
        double least = Double.MAX_VALUE;
        for (Kind kind : kinds) {
            double done = (double) report.done(kind.name()) / kind.goal();
            if (done < least) {
                least = done;
                next = kind;
            }
        }
        return next;
    }

    private String run(Kind kind, long seed) throws Exception {
        Path directory = Files.createTempDirectory(folder, "scene");
        try (FaultScene scene = FaultScene.open(directory)) {
            scene.start();
            try {
                return kind.step().run(scene, seed);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(e + "\n" + scene.endOfLog(), e);
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        kinds.add(
                new Kind(
                        "failpoints",
                        50 * Failpoint.values().length,
                        KILLS,
                        LongRunTest::failpoints));
        kinds.add(
                new Kind(
                        "random kills",
                        200,
                        KILLS,
                        (scene, seed) -> RandomKills.run(scene, KILLS, seed).toString()));
        kinds.add(
                new Kind(
                        "crashes of PostgreSQL",
                        100,
                        5,
                        (scene, seed) -> ServerCrashes.run(scene, 5, seed).toString()));
        for (StreamFault fault : StreamFault.values()) {
            kinds.add(
                    new Kind(
                            "stream " + fault,
                            20,
                            1,
                            (scene, seed) -> {
                                fault.run(scene, seed);
                                return "right again";
                            }));
        }
        for (DdlFault fault : DdlFault.values()) {
            kinds.add(
                    new Kind(
                            "ddl " + fault,
                            20,
                            1,
                            (scene, seed) -> {
                                fault.run(scene, seed);
                                return "exact all the time";
                            }));
        }
        for (PartitionFault fault : PartitionFault.values()) {
            kinds.add(
                    new Kind(
                            "partition " + fault,
                            20,
                            1,
                            (scene, seed) -> {
                                fault.run(scene, seed);
                                return "exact all the time";
                            }));
        }
        kinds.add(
                new Kind(
                        "shutdowns beside a stopped sidecar",
                        50,
                        5,
                        (scene, seed) -> {
                            scene.createDocs();
                            List<String> took = new ArrayList<>();
                            for (int i = 0; i < 5; i++) {
                                took.add(StoppedSidecar.run(scene, seed * 5 + i).toString());
                            }
                            return took.toString();
                        }));
        return kinds;
    }

    private static String failpoints(FaultScene scene, long seed) throws Exception {
        Random random = new Random(seed);
        Failpoint[] all = Failpoint.values();
        List<KillAtFailpoint.Kill> kills = new ArrayList<>();
        // One after the other, so that each gets its turn.
        for (int i = 0; i < KILLS; i++) {
            Failpoint failpoint = all[(int) ((seed * KILLS + i) % all.length)];
            kills.add(KillAtFailpoint.Kill.random(failpoint, random));
        }
        scene.createDocs();
        try (Connection connection = scene.connect()) {
            KillAtFailpoint.run(scene, Ledger.open(connection, "docs"), kills, seed);
        }
        return kills.toString();
    }
}
