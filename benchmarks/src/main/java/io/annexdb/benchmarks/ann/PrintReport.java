package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.engine.EngineKind;

import java.io.PrintStream;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The report as text. */
final class PrintReport {
    private final PrintStream out;

    PrintReport(PrintStream out) {
        this.out = out;
    }

    void head(Dataset dataset, BenchPlan plan) {
        line("Data set %s: %s", dataset.name(), dataset.description());
        line(
                "%,d rows, %d components, metric %s, %,d queries, k = %d%s",
                dataset.base().rows(),
                dataset.base().dimension(),
                dataset.metric().sqlName(),
                dataset.queries().rows(),
                plan.k(),
                plan.filtered() ? ", filter " + plan.selectivity() : "");
        line(
                "M = %d, efConstruction = %d, %d building threads, %d searching threads, %d passes"
                        + " of at least %d ms a point",
                plan.m(),
                plan.efConstruction(),
                plan.buildThreads(),
                plan.threads(),
                plan.passes(),
                plan.minMillis());
    }

    void skipped(EngineKind engine, String reason) {
        line("Skipped: %s, because %s.", engine.engineName(), reason);
    }

    void results(Report report) {
        Machine machine = report.machine();
        line("");
        line(
                "%s, %d processors, %s, load %.1f",
                machine.processor(), machine.processors(), machine.jvm(), machine.loadAverage());
        line("JVM of the engines: %s", machine.jvmFlags());
        report.results().forEach(this::curve);
        summary(report);
        line("");
        line("Queries per second by the clock, median (least - most) of the passes:");
        atRecalls(report, Measured::qps);
        line("");
        line("Queries per second of processor time, which other load disturbs less:");
        atRecalls(report, Measured::cpuQps);
    }

    private void curve(Report.Result result) {
        line("");
        line("%s: %s", result.engine().engineName(), parameters(result));
        line(
                "%8s %8s %10s   %-19s %10s %9s %9s",
                "ef", "recall", "QPS", "least - most", "CPU QPS", "p50 µs", "p99 µs");
        for (Measured median : result.curve().medians()) {
            Spread qps = result.curve().spread(median.ef(), Measured::qps);
            line(
                    "%8d %8.4f %,10.0f   %-19s %,10.0f %9.1f %9.1f",
                    median.ef(),
                    median.recall(),
                    median.qps(),
                    range("%,.0f - %,.0f", qps),
                    median.cpuQps(),
                    median.p50Micros(),
                    median.p99Micros());
        }
    }

    private void summary(Report report) {
        line("");
        line(
                "%-9s %9s %9s %8s %9s %11s %11s",
                "engine", "build s", "CPU s", "threads", "B/vector", "RssAnon MB", "RssFile MB");
        for (Report.Result result : report.results()) {
            line(
                    "%-9s %9.1f %9.1f %8d %9.0f %11.0f %11.0f",
                    result.engine().engineName(),
                    result.built().seconds(),
                    result.built().cpuSeconds(),
                    report.plan().buildThreads(),
                    (double) result.built().bytes() / report.dataset().rows(),
                    result.memory().anonymousBytes() / 1e6,
                    result.memory().fileBytes() / 1e6);
        }
    }

    private void atRecalls(Report report, ToDoubleFunction<Measured> figure) {
        row("engine", recall -> "at recall " + recall);
        for (Report.Result result : report.results()) {
            row(result.engine().engineName(), recall -> atRecall(result.curve(), recall, figure));
        }
        Report.Result first = report.results().getFirst();
        for (Report.Result other : report.results().subList(1, report.results().size())) {
            row(
                    first.engine().engineName() + " / " + other.engine().engineName(),
                    recall -> ratio(first.curve(), other.curve(), recall, figure));
        }
    }

    private void row(String name, Function<Double, String> cell) {
        String cells =
                Report.RECALLS.stream()
                        .map(recall -> String.format(Locale.ROOT, " %28s", cell.apply(recall)))
                        .collect(Collectors.joining());
        line("%-16s%s", name, cells);
    }

    private static String atRecall(Curve curve, double recall, ToDoubleFunction<Measured> figure) {
        Optional<double[]> qps = curve.atRecall(recall, figure);
        if (qps.isEmpty()) {
            return "not reached";
        }
        boolean atLeast =
                InterpolateQps.run(curve.medians(), recall, figure)
                        .map(InterpolateQps.AtRecall::atLeast)
                        .orElse(false);
        return (atLeast ? ">= " : "") + cell("%,.0f (%,.0f - %,.0f)", Spread.of(qps.get()));
    }

    /**
     * Within a pass, the engines' points are seconds apart, so their ratio is steadier than they.
     */
    private static String ratio(
            Curve first, Curve other, double recall, ToDoubleFunction<Measured> figure) {
        Optional<double[]> above = first.atRecall(recall, figure);
        Optional<double[]> below = other.atRecall(recall, figure);
        if (above.isEmpty() || below.isEmpty()) {
            return "-";
        }
        double[] ratios = new double[above.get().length];
        for (int pass = 0; pass < ratios.length; pass++) {
            ratios[pass] = above.get()[pass] / below.get()[pass];
        }
        return cell("%.2f (%.2f - %.2f)", Spread.of(ratios));
    }

    private static String cell(String format, Spread spread) {
        return String.format(Locale.ROOT, format, spread.median(), spread.least(), spread.most());
    }

    void profile(EngineKind engine, int ef, Collection<String> frames) {
        line("");
        line(
                "Where %s spends its searches at ef %d (own code with what it calls in the JDK):",
                engine.engineName(), ef);
        frames.forEach(frame -> line("  %s", frame));
    }

    private static String parameters(Report.Result result) {
        return result.built().parameters().entrySet().stream()
                .map(each -> each.getKey() + " = " + each.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String range(String format, Spread spread) {
        return String.format(Locale.ROOT, format, spread.least(), spread.most());
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotations of Error Prone on the class path
    private void line(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }
}
