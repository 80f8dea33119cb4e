package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.fuzz.Fuzz;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs that append to one report, after each other and beside each other. */
class TurnsTest {
    private static final List<Kind> KINDS = List.of(kind("rare", 10), kind("common", 15));

    @TempDir Path folder;

    @Test
    void goesOnWithTheNextSeedsUntilTheGoals() throws IOException {
        List<String> first = run(3, "well");
        List<String> second = run(99, "well");
        assertEquals(List.of("rare 1000", "common 1000", "common 1001"), first);
        assertEquals(List.of("rare 1001", "common 1002"), second);
        assertEquals(List.of(), run(99, "well"), "all are at their goals");
        assertEquals(15, report().done("common"));
    }

    @Test
    void whatFailedCountsForNoGoalAndKeepsItsSeed() throws IOException {
        String failure = Report.FAILED + "first\n" + "x".repeat(9_999) + "\nlast";
        assertEquals(List.of("rare 1000", "common 1000"), run(2, failure));
        assertEquals("common 1001", run(1, "well").getFirst());
        assertEquals(0, report().done("rare"));
        assertEquals(5, report().done("common"));
        assertEquals(
                "           5 of           15 common: 2 steps, 1 failed, seeds 1000 to 1001",
                report().total("common", 15));
        List<String> lines = Files.readAllLines(folder.resolve("report"));
        assertEquals(3, lines.size());
        assertTrue(lines.getFirst().length() < 2_100 && lines.getFirst().endsWith(" last"));
    }

    @Test
    void besideEachOtherNoneTakesWhatAnotherHas() throws IOException {
        try (Turns one = turns();
                Turns other = turns()) {
            Turns.Turn first = next(one);
            assertEquals("rare 1000", name(first));
            Turns.Turn second = next(other);
            assertEquals("common 1000", name(second));
            try (Turns.Turn third = next(other)) {
                assertEquals("rare 1001", name(third));
                report().append("common", second.seed(), 5, 0, "well");
                second.close();
            }
            first.close();
            try (Turns.Turn again = next(other)) {
                assertEquals("rare 1000", name(again), "of a run that ended without a line");
            }
        }
    }

    @Test
    void malformedInputsAreAddedUp() {
        assertEquals(
                801_484,
                Fuzz.malformed(
                        Stream.of(
                                "fuzzed COPY: seed 7, 1,000,000 rounds in 5.1 s,"
                                        + " 801,234 malformed, 753,765 refused",
                                "fuzzed connections: seed 7, 333 rounds in 1.0 s, 250 malformed",
                                "1,408,387 messages of sessions")));
    }

    private static Kind kind(String name, int goal) {
        return new Kind(name, goal, 5, (folder, seed) -> new Kind.Outcome(5, "well"));
    }

    private Report report() {
        return new Report(folder.resolve("report"));
    }

    private Turns turns() throws IOException {
        return new Turns(KINDS, report(), folder.resolve("report.lock"));
    }

    private static Turns.Turn next(Turns turns) throws IOException {
        Turns.@Nullable Turn turn = turns.next();
        assertNotNull(turn);
        return turn;
    }

    private static String name(Turns.Turn turn) {
        return turn.kind().name() + " " + turn.seed();
    }

    /** The steps that a run took. */
    private List<String> run(int steps, String result) throws IOException {
        List<String> taken = new ArrayList<>();
        try (Turns turns = turns()) {
            while (taken.size() < steps) {
                try (Turns.Turn turn = turns.next()) {
                    if (turn == null) {
                        assertNull(turns.next());
                        break;
                    }
                    taken.add(name(turn));
                    report().append(turn.kind().name(), turn.seed(), 5, 0, result);
                }
            }
        }
        return taken;
    }
}
