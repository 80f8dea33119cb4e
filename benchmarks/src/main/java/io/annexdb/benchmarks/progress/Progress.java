package io.annexdb.benchmarks.progress;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

import org.jspecify.annotations.Nullable;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;

/** One task's progress, from {@link #start} to {@link #close}. For one thread. */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 79;
    private static final long LINE_EVERY_NANOS = 5_000_000_000L;

    private final String task;
    private final PrintStream out;
    private final @Nullable ProgressBar bar;
    private final long startedNanos = System.nanoTime();
    private long total;
    private long done;
    private long lineNanos = startedNanos;

    private Progress(String task, long total, PrintStream out, boolean terminal) {
        this.task = task;
        this.total = total;
        this.out = out;
        this.bar = terminal ? bar(task, total) : null;
        if (!terminal) {
            out.println(task + " ...");
        }
    }

    /**
     * Begins a task.
     *
     * @param task a few words, for example "Embed glosses"
     * @param total steps to expect; 0 when unknown
     */
    @SuppressWarnings("SystemConsoleNull") // since JDK 25 it is null again without a terminal
    public static Progress start(String task, long total) {
        Console console = System.console();
        return new Progress(task, total, System.out, console != null && console.isTerminal());
    }

    static Progress plain(String task, long total, PrintStream out) {
        return new Progress(task, total, out, false);
    }

    /** Steps done so far, of the total. */
    public void advanceTo(long steps) {
        done = steps;
        if (bar != null) {
            bar.stepTo(steps);
        } else if (System.nanoTime() - lineNanos >= LINE_EVERY_NANOS) {
            lineNanos = System.nanoTime();
            String ofTotal = total > 0 ? String.format(Locale.ROOT, " of %,d", total) : "";
            out.println(String.format(Locale.ROOT, "%s: %,d%s", task, done, ofTotal));
        }
    }

    /** Steps done and a total that was not known before. */
    public void advanceTo(long steps, long newTotal) {
        total = newTotal;
        if (bar != null) {
            bar.maxHint(newTotal);
        }
        advanceTo(steps);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
        double seconds = (System.nanoTime() - startedNanos) / 1e9;
        out.println(
                done > 0 && seconds > 0.001
                        ? String.format(
                                Locale.ROOT,
                                "%s: %,d in %.1f s (%,.0f/s)",
                                task,
                                done,
                                seconds,
                                done / seconds)
                        : String.format(Locale.ROOT, "%s: %.1f s", task, seconds));
    }

    /**
     * With a consumer of its own. The bar's default one opens the terminal through JLine, which
     * takes Ctrl-C over, and then the process ends without stopping its servers.
     */
    private static ProgressBar bar(String task, long total) {
        return new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total > 0 ? total : -1)
                .setConsumer(new ConsoleProgressBarConsumer(System.out, WIDTH))
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(200)
                .clearDisplayOnFinish()
                .build();
    }
}
