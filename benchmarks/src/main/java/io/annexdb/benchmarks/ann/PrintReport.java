package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;

import java.io.PrintStream;
import java.util.Collection;
import java.util.Locale;
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
                "M = %d, efConstruction = %d, %d building threads, %d searching threads unless said"
                        + " otherwise, %d passes of at least %d ms a point",
                plan.m(),
                plan.efConstruction(),
                plan.buildThreads(),
                plan.conditions().getFirst().threads(),
                plan.passes(),
                plan.minMillis());
    }

    void skipped(Entrant entrant, String reason) {
        line("Skipped: %s, because %s.", entrant.name(), reason);
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
        new PrintComparison(report, out).run();
        PrintChurn.run(report, out);
    }

    private void curve(Report.Result result) {
        line("");
        line("%s: %s", result.name(), parameters(result));
        line(
                "%8s %8s %10s   %-19s %10s %9s %9s",
                "ef", "recall", "QPS", "least - most", "CPU QPS", "p50 µs", "p99 µs");
        for (Measured median : result.curve().medians()) {
            Spread qps = result.curve().spread(median.ef(), Measured::qps);
            line(
                    "%8d %8.4f %,10.0f   %-19s %10s %9.1f %9.1f",
                    median.ef(),
                    median.recall(),
                    median.qps(),
                    range("%,.0f - %,.0f", qps),
                    Double.isNaN(median.cpuQps())
                            ? "-"
                            : String.format(Locale.ROOT, "%,.0f", median.cpuQps()),
                    median.p50Micros(),
                    median.p99Micros());
        }
        if (result.condition().writerRowsPerSecond() > 0) {
            line(
                    "Rows replaced a second beside, median over all points: %,.0f",
                    Spread.of(
                                    result.curve().medians().stream()
                                            .mapToDouble(Measured::writtenPerSecond)
                                            .toArray())
                            .median());
        }
    }

    private void summary(Report report) {
        line("");
        line(
                "%-24s %9s %9s %8s %9s %23s %23s",
                "", "", "", "", "", "after the build, MB", "after the searches, MB");
        line(
                "%-24s %9s %9s %8s %9s %11s %11s %11s %11s",
                "engine",
                "build s",
                "CPU s",
                "threads",
                "B/vector",
                "RssAnon",
                "RssFile",
                "RssAnon",
                "RssFile");
        for (Report.Result result : report.compared()) {
            line(
                    "%-24s %9.1f %9.1f %8d %9.0f %11.0f %11.0f %11.0f %11.0f",
                    result.name(),
                    result.built().seconds(),
                    result.built().cpuSeconds(),
                    report.plan().buildThreads(),
                    (double) result.built().bytes() / report.dataset().rows(),
                    result.built().memory().anonymousBytes() / 1e6,
                    result.built().memory().fileBytes() / 1e6,
                    result.memory().anonymousBytes() / 1e6,
                    result.memory().fileBytes() / 1e6);
        }
        buildRatios(report);
    }

    private void buildRatios(Report report) {
        Report.Result first = report.compared().getFirst();
        for (Report.Result other : report.compared()) {
            if (!other.equals(first)) {
                line(
                        "%-34s %.2f of the build time",
                        first.name() + " / " + other.name(),
                        first.built().seconds() / other.built().seconds());
            }
        }
    }

    void profile(String engine, int ef, Collection<String> frames) {
        line("");
        line(
                "Where %s spends its searches at ef %d (own code with what it calls in the JDK):",
                engine, ef);
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
