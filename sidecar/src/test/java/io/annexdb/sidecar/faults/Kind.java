package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A kind of fault of the long run.
 *
 * @param goal how often it is to be inflicted in all runs
 * @param count how often a step inflicts it, or about so often where it counts itself
 */
record Kind(String name, int goal, int count, Step step) {
    private static final int KILLS = 10;
    private static final int CRASHES = 5;
    private static final int SHUTDOWNS = 5;
    private static final int OF_EACH = 20;

    /** How often it was inflicted and survived, and what there is to tell of it. */
    record Outcome(long count, String text) {}

    /** Inflicts it in an empty folder. */
    interface Step {
        Outcome run(Path folder, long seed) throws Exception;
    }

    /** The same in a scene whose sidecar is started. */
    private interface SceneStep {
        Object run(FaultScene scene, long seed) throws Exception;
    }

    /** A fault of which there is nothing to tell but that it was survived. */
    private interface Fault {
        void run(FaultScene scene, long seed) throws Exception;
    }

    /** Those that take the longest come last. */
    static List<Kind> all() {
        List<Kind> kinds = new ArrayList<>();
        kinds.add(
                inScene(
                        "failpoints",
                        50 * Failpoint.values().length,
                        KILLS,
                        Kind::killAtFailpoints));
        kinds.add(
                inScene(
                        "random kills",
                        200,
                        KILLS,
                        (scene, seed) -> RandomKills.run(scene, KILLS, seed)));
        kinds.add(
                inScene(
                        "crashes of PostgreSQL",
                        100,
                        CRASHES,
                        (scene, seed) -> ServerCrashes.run(scene, CRASHES, seed)));
        for (StreamFault fault : StreamFault.values()) {
            kinds.add(survived("stream " + fault, fault::run));
        }
        for (DdlFault fault : DdlFault.values()) {
            kinds.add(survived("ddl " + fault, fault::run));
        }
        for (PartitionFault fault : PartitionFault.values()) {
            kinds.add(survived("partition " + fault, fault::run));
        }
        kinds.add(inScene("shutdowns beside a stopped sidecar", 50, SHUTDOWNS, Kind::shutDown));
        kinds.add(test("connection cuts", 600, 54, "ConnectionCutsTest", "annex.cuts"));
        kinds.add(test("corruptions", 10_000, 500, "CorruptionTest", "annex.corruptions"));
        kinds.add(malformed("pgoutput", 4_000_000, 130_000_000, "PgOutput|Value"));
        kinds.add(
                malformed(
                        "wire messages",
                        2_000_000,
                        9_000_000,
                        "Decoder|Session|Wire|Command|Handshake|Filter"));
        kinds.add(malformed("files", 3_000_000, 9_000_000, "Manifest|Log|Checkpoint"));
        kinds.add(
                test(
                        "write-then-search pairs",
                        1_000_000,
                        50_000,
                        "ReadYourWritesTest",
                        "annex.faults.pairs"));
        kinds.add(
                test(
                        "rows of one transaction",
                        1_000_000,
                        1_000_000,
                        "HugeTransactionTest",
                        "annex.faults.transaction-rows"));
        kinds.add(
                test(
                        "rows of a restart",
                        1_000_000,
                        1_000_000,
                        "RestartWithoutRebuildTest",
                        "annex.faults.restart-rows"));
        return kinds;
    }

    private static Kind inScene(String name, int goal, int count, SceneStep step) {
        return new Kind(
                name,
                goal,
                count,
                (folder, seed) -> new Outcome(count, runInScene(folder, step, seed)));
    }

    private static Kind survived(String name, Fault fault) {
        return inScene(
                name,
                OF_EACH,
                1,
                (scene, seed) -> {
                    try {
                        fault.run(scene, seed);
                        return "right again";
                    } catch (TestAbortedException e) {
                        return String.valueOf(e.getMessage());
                    }
                });
    }

    private static String runInScene(Path folder, SceneStep step, long seed) throws Exception {
        try (FaultScene scene = FaultScene.open(folder)) {
            scene.start();
            try {
                return String.valueOf(step.run(scene, seed));
            } catch (Exception | AssertionError e) {
                throw new AssertionError(e + "\n" + scene.endOfLog(), e);
            }
        }
    }

    /** A test of another package, in a JVM of its own, which a property tells how often. */
    private static Kind test(String name, int goal, int count, String test, String property) {
        return new Kind(
                name,
                goal,
                count,
                (folder, seed) -> {
                    List<String> lines = RunTests.run(folder, test, property, count, seed);
                    return new Outcome(count, lines.getLast());
                });
    }

    /**
     * Fuzzers, which tell how many inputs were malformed.
     *
     * @param rounds of each of them, where a round costs next to nothing
     * @param count of malformed inputs that all of them come to, about
     */
    private static Kind malformed(String what, int rounds, int count, String fuzzers) {
        return new Kind(
                "malformed " + what,
                100_000_000,
                count,
                (folder, seed) -> {
                    String tests = "(" + fuzzers + ")Fuzz";
                    List<String> lines =
                            RunTests.run(folder, tests, "annex.fuzz.rounds", rounds, seed);
                    long malformed = Fuzz.malformed(lines.stream());
                    assertTrue(malformed > count / 2, malformed + " of about " + count);
                    return new Outcome(malformed, lines.getLast());
                });
    }

    private static Object killAtFailpoints(FaultScene scene, long seed) throws Exception {
        Random random = new Random(seed);
        Failpoint[] all = Failpoint.values();
        List<KillAtFailpoint.Kill> kills = new ArrayList<>();
        // One after the other, so that each gets its turn.
        for (int i = 0; i < KILLS; i++) {
            Failpoint failpoint = all[(int) ((seed * KILLS + i) % all.length)];
            kills.add(KillAtFailpoint.Kill.random(failpoint, random));
        }
        scene.createDocs();
        return KillAtFailpoint.run(scene, kills, seed) + " " + kills;
    }

    private static Object shutDown(FaultScene scene, long seed) throws Exception {
        scene.createDocs();
        List<String> took = new ArrayList<>();
        for (int i = 0; i < SHUTDOWNS; i++) {
            took.add(StoppedSidecar.run(scene, seed * SHUTDOWNS + i).toString());
        }
        return took;
    }

    /** Runs a step, and leaves nothing of it. */
    Outcome run(Path folder, long seed) throws Exception {
        Path directory = Files.createTempDirectory(folder, "step");
        try {
            return step.run(directory, seed);
        } finally {
            delete(directory);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
