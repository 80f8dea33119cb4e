package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.Churned;

import java.io.PrintStream;
import java.util.Locale;

/** What became of an index of which every row was replaced. */
final class PrintChurn {
    private PrintChurn() {}

    static void run(Report report, PrintStream out) {
        for (Report.Churn churn : report.churns()) {
            Churned churned = churn.churned();
            line(out, "");
            line(
                    out,
                    "%s: %,d rows replaced and linked in %.1f s (%,.0f a second)",
                    churn.name(),
                    churned.replaced(),
                    churned.seconds(),
                    churned.replaced() / churned.seconds());
            line(
                    out,
                    "Not found by their own vector: %,d at ef 100, %,d at ef 4000 (unreachable)",
                    churned.notFound(),
                    churned.unreachable());
            losses(report, churn, out);
            line(out, "%-28s %16s %16s", "", "before", "after");
            churned.before()
                    .forEach((name, before) ->
                            line(
                                    out,
                                    "%-28s %,16d %,16d",
                                    name,
                                    before,
                                    churned.after().getOrDefault(name, 0L)));
        }
    }

    private static void losses(Report report, Report.Churn churn, PrintStream out) {
        for (Report.Pair pair : report.againstFirstCondition()) {
            boolean isThisChurn =
                    pair.result().condition().churned()
                            && pair.reference().name().equals(churn.name());
            if (isThisChurn) {
                for (Measured after : pair.result().curve().medians()) {
                    double before =
                            pair.reference().curve().spread(after.ef(), Measured::recall).median();
                    line(
                            out,
                            "ef %5d: recall %.4f before, %.4f after, %+.2f points",
                            after.ef(),
                            before,
                            after.recall(),
                            100 * (after.recall() - before));
                }
            }
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotations of Error Prone on the class path
    private static void line(PrintStream out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }
}
