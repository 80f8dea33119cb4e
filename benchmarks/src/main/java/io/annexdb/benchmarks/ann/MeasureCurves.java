package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.Answers;
import io.annexdb.benchmarks.ann.engine.EngineProcess;
import io.annexdb.benchmarks.ann.engine.SearchRequest;
import io.annexdb.benchmarks.progress.Progress;

import java.io.IOException;
import java.util.List;

/**
 * The measurements. Within a pass, every ef is measured on all engines in turn before the next ef,
 * and the engine that begins changes; so two engines' figures of one pass are seconds apart.
 */
final class MeasureCurves {
    private MeasureCurves() {}

    static void run(List<Contender> contenders, BenchPlan plan, JudgeRecall judge)
            throws IOException {
        warmUp(contenders, plan);
        int steps = plan.passes() * plan.efs().size();
        try (Progress progress = Progress.start("Measure", (long) steps * contenders.size())) {
            for (int step = 0; step < steps; step++) {
                int ef = plan.efs().get(step % plan.efs().size());
                for (int turn = 0; turn < contenders.size(); turn++) {
                    Contender contender = contenders.get((turn + step) % contenders.size());
                    contender.curve().add(measure(contender.engine(), ef, plan, judge));
                    progress.advanceTo((long) step * contenders.size() + turn + 1);
                }
            }
        }
    }

    private static void warmUp(List<Contender> contenders, BenchPlan plan) throws IOException {
        int millis = plan.warmUpSeconds() * 1000 / plan.efs().size();
        if (millis == 0) {
            return;
        }
        try (Progress progress =
                Progress.start("Warm up", (long) contenders.size() * plan.efs().size())) {
            int done = 0;
            for (Contender contender : contenders) {
                for (int ef : plan.efs()) {
                    contender
                            .engine()
                            .search(new SearchRequest(plan.k(), ef, plan.threads(), millis));
                    progress.advanceTo(++done);
                }
            }
        }
    }

    private static Measured measure(EngineProcess engine, int ef, BenchPlan plan, JudgeRecall judge)
            throws IOException {
        Answers answers =
                engine.search(new SearchRequest(plan.k(), ef, plan.threads(), plan.minMillis()));
        return new Measured(
                ef,
                judge.recall(answers),
                answers.queriesPerSecond(),
                plan.threads() * 1e6 / answers.cpuMicros(),
                answers.micros(0.5),
                answers.micros(0.99));
    }
}
