package io.annexdb.benchmarks.ann;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** What engines are compared by: queries per second at recalls, and recalls at the same ef. */
final class PrintComparison {
    private final Report report;
    private final PrintStream out;

    PrintComparison(Report report, PrintStream out) {
        this.report = report;
        this.out = out;
    }

    void run() {
        line("");
        line("Queries per second by the clock, median (least - most) of the passes:");
        atRecalls(Measured::qps);
        line("");
        line("Queries per second of processor time, which other load disturbs less:");
        atRecalls(Measured::cpuQps);
        recallsAtEf();
    }

    private void atRecalls(ToDoubleFunction<Measured> figure) {
        List<Double> recalls = report.plan().recalls();
        row("engine", recalls, recall -> "at recall " + recall);
        for (Report.Result result : report.results()) {
            row(result.name(), recalls, recall -> atRecall(result.curve(), recall, figure));
        }
        Report.Result first = report.compared().getFirst();
        for (Report.Result other : report.compared()) {
            if (!other.equals(first)) {
                ratios(new Report.Pair(first, other), figure);
            }
        }
        report.againstFirstCondition().forEach(pair -> ratios(pair, figure));
    }

    private void ratios(Report.Pair pair, ToDoubleFunction<Measured> figure) {
        row(
                pair.result().name() + " / " + pair.reference().name(),
                report.plan().recalls(),
                recall -> ratio(pair, recall, figure));
    }

    /** What a quantization or a churn costs, at the same effort. */
    private void recallsAtEf() {
        if (report.results().size() < 2) {
            return;
        }
        line("");
        line("Recall by ef:");
        line(
                "%-40s%s",
                "engine",
                report.plan().efs().stream()
                        .map(ef -> String.format(Locale.ROOT, " %7d", ef))
                        .collect(Collectors.joining()));
        for (Report.Result result : report.results()) {
            line(
                    "%-40s%s",
                    result.name(),
                    result.curve().medians().stream()
                            .map(point -> String.format(Locale.ROOT, " %7.4f", point.recall()))
                            .collect(Collectors.joining()));
        }
    }

    private <T> void row(String name, List<T> columns, Function<T, String> cell) {
        String cells =
                columns.stream()
                        .map(column -> String.format(Locale.ROOT, " %28s", cell.apply(column)))
                        .collect(Collectors.joining());
        line("%-40s%s", name, cells);
    }

    private static String atRecall(Curve curve, double recall, ToDoubleFunction<Measured> figure) {
        if (curve.medians().stream().mapToDouble(figure).anyMatch(Double::isNaN)) {
            return "not known";
        }
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

    private static String ratio(
            Report.Pair pair, double recall, ToDoubleFunction<Measured> figure) {
        return pair.result()
                .curve()
                .ratios(pair.reference().curve(), recall, figure)
                .map(ratios -> cell("%.2f (%.2f - %.2f)", Spread.of(ratios)))
                .orElse("-");
    }

    private static String cell(String format, Spread spread) {
        return String.format(Locale.ROOT, format, spread.median(), spread.least(), spread.most());
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotations of Error Prone on the class path
    private void line(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }
}
