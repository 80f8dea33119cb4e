package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Faults for as long as asked, each with seeds of its own, until each was inflicted as often as is
 * its goal: {@code ./mvnw -Pfaults -pl sidecar -am test -Dannex.faults.minutes=30}. For no minutes
 * it only shows what the report has. {@code -Dannex.faults.only=PREFIX,PREFIX} chooses faults. A
 * step that fails is in the report with its seed, and is repeated by {@code
 * -Dannex.faults.only=FAULT -Dannex.seed=SEED}, which goes on from there.
 */
class LongRunTest {
    private static final int MINUTES = Integer.getInteger("annex.faults.minutes", -1);
    private static final List<String> ALL = List.of("");
    private static final List<String> ONLY =
            Stream.of(System.getProperty("annex.faults.only", "").split(","))
                    .map(String::strip)
                    .toList();
    private static final @Nullable Long SEED = Long.getLong("annex.seed");

    private final Path file = Path.of(System.getProperty("annex.faults.report", "faults.tsv"));
    private final Report report = new Report(file);
    private final List<String> failures = new ArrayList<>();

    @TempDir Path folder;

    @Test
    void asLongAsAsked() throws Exception {
        assumeTrue(MINUTES >= 0, "long runs are asked for: ./mvnw -Pfaults");
        List<Kind> kinds = chosen();
        long end = System.nanoTime() + MINUTES * 60_000_000_000L;
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        try (Turns turns = new Turns(kinds, report, lockFile)) {
            if (SEED == null) {
                untilTheGoals(turns, end);
            } else {
                from(SEED, turns, end);
            }
        }
        for (Kind kind : Kind.all()) {
            System.out.println(report.total(kind.name(), kind.goal()));
        }
        assertEquals(List.of(), failures);
    }

    private static List<Kind> chosen() {
        List<Kind> all = Kind.all();
        for (String prefix : ONLY) {
            assertTrue(
                    all.stream().anyMatch(kind -> kind.name().startsWith(prefix)),
                    "no such fault: " + prefix);
        }
        return all.stream()
                .filter(kind -> ONLY.stream().anyMatch(kind.name()::startsWith))
                .toList();
    }

    private void untilTheGoals(Turns turns, long end) throws IOException {
        while (System.nanoTime() < end) {
            try (Turns.Turn turn = turns.next()) {
                if (turn == null) {
                    return;
                }
                step(turn.kind(), turn.seed());
            }
        }
    }

    /** Repeats, whether the goals have been reached or not. */
    private void from(long seed, Turns turns, long end) throws IOException {
        for (int i = 0; System.nanoTime() < end; i++) {
            Kind kind = turns.farthestFirst().getFirst();
            step(kind, seed + (ONLY.equals(ALL) ? report.steps(kind.name()) : i));
        }
    }

    private void step(Kind kind, long seed) throws IOException {
        long started = System.nanoTime();
        long count = kind.count();
        String result;
        try {
            Kind.Outcome outcome = kind.run(folder, seed);
            count = outcome.count();
            result = outcome.text();
        } catch (Exception | AssertionError e) {
            result = Report.FAILED + e;
            failures.add(kind.name() + ", seed " + seed + ": " + e);
            e.printStackTrace(System.out);
        }
        long seconds = (System.nanoTime() - started) / 1_000_000_000;
        report.append(kind.name(), seed, count, seconds, result);
    }
}
