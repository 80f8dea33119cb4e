package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.Answers;
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
        long points = contenders.stream().mapToLong(each -> each.curve().efs().size()).sum();
        try (Progress progress = Progress.start("Measure", plan.passes() * points)) {
            int done = 0;
            for (int step = 0; step < plan.passes() * plan.efs().size(); step++) {
                int ef = plan.efs().get(step % plan.efs().size());
                for (int turn = 0; turn < contenders.size(); turn++) {
                    Contender contender = contenders.get((turn + step) % contenders.size());
                    if (contender.curve().efs().contains(ef)) {
                        contender.curve().add(measure(contender, ef, plan, judge));
                        progress.advanceTo(++done);
                    }
                }
            }
        }
    }

    private static void warmUp(List<Contender> contenders, BenchPlan plan) throws IOException {
        int points = contenders.stream().mapToInt(each -> each.curve().efs().size()).sum();
        if (plan.warmUpSeconds() == 0) {
            return;
        }
        try (Progress progress = Progress.start("Warm up", points)) {
            int done = 0;
            for (Contender contender : contenders) {
                List<Integer> efs = contender.curve().efs();
                int millis = plan.warmUpSeconds() * 1000 / efs.size();
                for (int ef : efs) {
                    contender.engine().search(request(contender, ef, plan, millis));
                    progress.advanceTo(++done);
                }
            }
        }
    }

    private static Measured measure(Contender contender, int ef, BenchPlan plan, JudgeRecall judge)
            throws IOException {
        Answers answers = contender.engine().search(request(contender, ef, plan, plan.minMillis()));
        return new Measured(
                ef,
                judge.recall(answers),
                answers.queriesPerSecond(),
                contender.condition().threads() * 1e6 / answers.cpuMicros(),
                answers.micros(0.5),
                answers.micros(0.99),
                answers.writtenPerSecond());
    }

    private static SearchRequest request(
            Contender contender, int ef, BenchPlan plan, int minMillis) {
        Condition condition = contender.condition();
        return new SearchRequest(
                plan.k(), ef, condition.threads(), minMillis, condition.writerRowsPerSecond());
    }
}
