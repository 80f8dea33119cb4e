package io.annexdb.benchmarks.sql;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;

/** {@code annex bench batch}: a batch of queries against as many single calls, by JDBC. */
@Command(
        name = "batch",
        mixinStandardHelpOptions = true,
        description = {
            "Times annex.search_batch and as many calls of annex.search, by turns, as a client"
                    + " sees them: one connection, prepared, binary.",
            "annex demo or annex up give a database to measure."
        })
public final class BatchBench implements Runnable {
    private static final int WARM_ROUNDS = 20;

    @Mixin private TargetIndex target = new TargetIndex();

    @Option(
            names = "--queries",
            defaultValue = "10,100,1000",
            split = ",",
            description = "queries of a batch (${DEFAULT-VALUE})")
    private List<Integer> sizes = List.of();

    @Option(
            names = "--rounds",
            defaultValue = "20",
            description = "the median round is shown, and the range (${DEFAULT-VALUE})")
    private int rounds;

    private final PrintStream out = System.out;

    /** Made by picocli, which fills in the options. */
    public BatchBench() {}

    @Override
    public void run() {
        try (Connection connection = target.connect()) {
            MeasureBatch measure = new MeasureBatch(connection, target.index(), target.k());
            measure.prepare(sizes.stream().mapToInt(Integer::intValue).max().orElse(1));
            for (int i = 0; i < WARM_ROUNDS; i++) {
                measure.together(Math.min(100, sizes.getFirst()));
                measure.oneByOne(Math.min(100, sizes.getFirst()));
            }
            out.printf(
                    "%8s %22s %22s %8s%n",
                    "queries", "batch ms (range)", "single calls ms", "ratio");
            for (int size : sizes) {
                measure(measure, size);
            }
        } catch (SQLException e) {
            throw target.failure(e);
        }
    }

    private void measure(MeasureBatch measure, int size) throws SQLException {
        double[] together = new double[rounds];
        double[] oneByOne = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            together[round] = measure.together(size);
            oneByOne[round] = measure.oneByOne(size);
        }
        Arrays.sort(together);
        Arrays.sort(oneByOne);
        out.printf(
                "%8d %22s %22s %8.1f%n",
                size,
                shown(together),
                shown(oneByOne),
                oneByOne[rounds / 2] / together[rounds / 2]);
    }

    private static String shown(double[] sorted) {
        return "%.1f (%.1f–%.1f)"
                .formatted(sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
    }
}
