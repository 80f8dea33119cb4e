package io.annexdb.benchmarks.sql;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;

/** {@code annex bench sql}: where the time of one search goes. */
@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        description = {
            "Times the steps of annex.search inside a database that has an index.",
            "Needs a superuser, because the steps are internal functions. annex demo or annex up"
                    + " give a database to measure."
        })
public final class SqlBench implements Runnable {
    @Mixin private TargetIndex target = new TargetIndex();

    @Option(names = "--namespace", description = "search inside this namespace only")
    private @Nullable String namespace;

    @Option(
            names = "--repetitions",
            defaultValue = "1000",
            description = "of each step in each round (${DEFAULT-VALUE})")
    private int repetitions;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "the median round is shown, with the others' range (${DEFAULT-VALUE})")
    private int rounds;

    private final PrintStream out = System.out;

    /** Made by picocli, which fills in the options. */
    public SqlBench() {}

    @Override
    public void run() {
        try (Connection connection = target.connect()) {
            MeasureSteps steps =
                    new MeasureSteps(
                            connection, target.index(), namespace, target.k(), repetitions);
            steps.prepare();
            out.printf("%-28s %10s %10s   %s%n", "step", "p50 µs", "p95 µs", "p50 of all rounds");
            for (String step : MeasureSteps.STEPS) {
                StepTimes times = steps.median(step, rounds);
                out.printf(
                        "%-28s %10.0f %10.0f   %.0f to %.0f%n",
                        step, times.p50Micros(), times.p95Micros(), times.least(), times.most());
            }
        } catch (SQLException e) {
            throw target.failure(e);
        } catch (IOException e) {
            throw new IllegalStateException("the class path is incomplete: " + e.getMessage(), e);
        }
    }
}
