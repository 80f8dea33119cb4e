package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Faults for as long as asked, each with seeds of its own, until each was inflicted as often as is
 * its goal: {@code ./mvnw -Pfaults -pl sidecar -am test -Dannex.faults.minutes=30
 * -Dannex.faults.report=FILE}. A step that fails is in the report with its seed, and is repeated by
 * {@code -Dannex.faults.only=FAULT -Dannex.seed=SEED}, which goes on from there.
 */
class LongRunTest {
    private static final int MINUTES = Integer.getInteger("annex.faults.minutes", 0);
    private static final String ONLY = System.getProperty("annex.faults.only", "");
    private static final long SEED = Long.getLong("annex.seed", 1_000);

    @TempDir Path folder;

    @Test
    void asLongAsAsked() throws Exception {
        assumeTrue(MINUTES > 0, "long runs are asked for: ./mvnw -Pfaults");
        Report report =
                new Report(Path.of(System.getProperty("annex.faults.report", "faults.tsv")));
        List<Kind> kinds = Kind.all().stream().filter(k -> k.name().startsWith(ONLY)).toList();
        assertFalse(kinds.isEmpty(), "no such fault: " + ONLY);
        long end = System.nanoTime() + MINUTES * 60_000_000_000L;
        List<String> failures = new ArrayList<>();
        int steps = 0;
        do {
            Kind kind = next(kinds, report);
            long seed = SEED + (ONLY.isEmpty() ? report.steps(kind.name()) : steps++);
            long started = System.nanoTime();
            String result;
            try {
                result = kind.run(folder, seed);
            } catch (Exception | AssertionError e) {
                result = Report.FAILED + e;
                failures.add(kind.name() + ", seed " + seed + ": " + e);
                e.printStackTrace(System.out);
            }
            long seconds = (System.nanoTime() - started) / 1_000_000_000;
            report.append(kind.name(), seed, kind.count(), seconds, result);
        } while (System.nanoTime() < end);
        for (Kind kind : kinds) {
            System.out.printf(
                    "%,12d of %,12d %s%n", report.done(kind.name()), kind.goal(), kind.name());
        }
        assertEquals(List.of(), failures);
    }

    /** That which is farthest from its goal, by what was tried: one that fails is no obstacle. */
    private static Kind next(List<Kind> kinds, Report report) throws IOException {
        Kind next = kinds.getFirst();
        double least = Double.MAX_VALUE;
        for (Kind kind : kinds) {
            double tried = (double) report.steps(kind.name()) * kind.count() / kind.goal();
            if (tried < least) {
                least = tried;
                next = kind;
            }
        }
        return next;
    }
}
