package io.annexdb.benchmarks.stream;

import java.io.PrintStream;
import java.util.Locale;

/** The report as text. */
final class PrintStreamReport {
    private static final int EVERY_SAMPLES = 5;

    private PrintStreamReport() {}

    static void run(StreamReport report, PrintStream out) {
        line(out, "");
        line(
                out,
                "%s, %d components, %,d rows before; transactions of %,d rows, %s, after %d s of"
                        + " the same unmeasured",
                report.dataset(),
                report.dimension(),
                report.plan().preloadedRows(),
                report.plan().transactionRows(),
                report.plan().rowsPerSecond() == 0
                        ? "as fast as they go"
                        : String.format(
                                Locale.ROOT, "%,d rows a second", report.plan().rowsPerSecond()),
                report.plan().warmUpSeconds());
        line(
                out,
                "Streamed: %,d rows in %.1f s, %,.0f rows a second",
                report.rows(),
                report.seconds(),
                report.rowsPerSecond());
        line(
                out,
                "Visible after the commit: p50 %.2f ms, p99 %.2f ms, most %.2f ms, %,d rows looked"
                        + " for, %,d not found within 10 s",
                report.visible().millis(0.5),
                report.visible().millis(0.99),
                report.visible().millis(1),
                report.visible().count(),
                report.lost());
        fresh(report, out);
        searches("alone", report.alone(), out);
        searches("beside", report.beside(), out);
        line(
                out,
                "Searches a second beside / alone: %.2f",
                report.beside().perSecond() / report.alone().perSecond());
        samples(report, out);
    }

    private static void fresh(StreamReport report, PrintStream out) {
        line(
                out,
                "Fresh rows: mean of the stream's quarters %,.0f, %,.0f, %,.0f, %,.0f; most %,d;"
                        + " growth over the second half %+,.0f rows/s; all linked %.1f s after the"
                        + " end",
                report.freshMean(0),
                report.freshMean(1),
                report.freshMean(2),
                report.freshMean(3),
                report.freshMost(),
                report.freshGrowth(),
                report.drainSeconds());
    }

    private static void searches(String when, StreamReport.Searches searches, PrintStream out) {
        line(
                out,
                "Searches %-6s: %,.0f a second, p50 %.2f ms, p99 %.2f ms",
                when,
                searches.perSecond(),
                searches.p50Millis(),
                searches.p99Millis());
    }

    private static void samples(StreamReport report, PrintStream out) {
        line(
                out,
                "%10s %14s %14s %10s %14s %12s",
                "seconds",
                "committed",
                "indexed",
                "fresh",
                "lag, bytes",
                "memory, MB");
        for (int i = 0; i < report.samples().size(); i++) {
            if (i % EVERY_SAMPLES == 0 || i == report.samples().size() - 1) {
                WatchIndex.Sample sample = report.samples().get(i);
                line(
                        out,
                        "%10.1f %,14d %,14d %,10d %,14d %,12.1f",
                        sample.seconds(),
                        sample.committed(),
                        sample.indexed(),
                        sample.fresh(),
                        sample.lagBytes(),
                        sample.memoryBytes() / 1e6);
            }
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotations of Error Prone on the class path
    private static void line(PrintStream out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }
}
