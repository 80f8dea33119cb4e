package io.annexdb.benchmarks.kernel;

import io.annexdb.sidecar.kernel.KernelKind;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** {@code annex bench kernels}: how long one distance takes. */
@Command(
        name = "kernels",
        mixinStandardHelpOptions = true,
        description = {
            "Times every kernel with JMH, each combination in a JVM of its own with the"
                    + " flags of this one.",
            "Shown are nanoseconds per vector, the median of batches of 64: of rows in the first"
                    + " cache, and of rows all over an array of 256 MB."
        })
public final class KernelBench implements Runnable {
    @Option(
            names = "--filter",
            defaultValue = "",
            description = "only kernels with this in their names, as l2, l2/float16, codes")
    private String filter = "";

    @Option(
            names = "--dimensions",
            split = ",",
            defaultValue = "128,384,1024",
            description = "(${DEFAULT-VALUE})")
    private int[] dimensions = {};

    @Option(
            names = "--bits",
            split = ",",
            defaultValue = "0,512",
            description =
                    "register widths, 0 is scalar; there are 128, 256 and 512"
                            + " (${DEFAULT-VALUE})")
    private int[] bits = {};

    @Option(names = "--json", description = "JMH's own report")
    private @Nullable Path json;

    private final PrintStream out = System.out;

    /** Made by picocli, which fills in the options. */
    public KernelBench() {}

    @Override
    public void run() {
        try {
            print(new Runner(options().build()).run());
        } catch (RunnerException e) {
            throw new IllegalStateException("JMH did not come to an end: " + e.getMessage(), e);
        }
    }

    private ChainedOptionsBuilder options() {
        ChainedOptionsBuilder options = new OptionsBuilder();
        include(
                options,
                KernelBenchmark.class,
                "kind",
                KernelKind.all().stream().map(kind -> kind.metric() + "/" + kind.elements()));
        include(options, CodeKernelBenchmark.class, "codes", CodeKernelBenchmark.names());
        options.param("dimension", texts(dimensions))
                .param("bits", texts(bits))
                .forks(1)
                // Else a busy machine's compiler is still at work when the time is taken.
                .jvmArgsAppend("-Xbatch")
                .warmupIterations(3)
                .warmupTime(TimeValue.milliseconds(300))
                .measurementIterations(5)
                .measurementTime(TimeValue.milliseconds(200))
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        if (json != null) {
            options.resultFormat(ResultFormatType.JSON).result(json.toString());
        }
        return options;
    }

    private void include(
            ChainedOptionsBuilder options,
            Class<?> benchmark,
            String parameter,
            Stream<String> all) {
        String[] wanted =
                all.filter(name -> name.contains(filter.toUpperCase(Locale.ROOT)))
                        .toArray(String[]::new);
        if (wanted.length > 0) {
            options.include("\\." + benchmark.getSimpleName() + "\\.").param(parameter, wanted);
        }
    }

    private static String[] texts(int[] numbers) {
        return Arrays.stream(numbers).mapToObj(Integer::toString).toArray(String[]::new);
    }

    private void print(Collection<RunResult> results) {
        Map<List<String>, double[]> nanos = new TreeMap<>(KernelBench::compare);
        for (RunResult result : results) {
            var parameters = result.getParams();
            List<String> key =
                    List.of(
                            name(parameters).toLowerCase(Locale.ROOT),
                            parameters.getParam("dimension"),
                            parameters.getParam("bits"));
            int random = Boolean.parseBoolean(parameters.getParam("random")) ? 1 : 0;
            nanos.computeIfAbsent(key, each -> new double[2])[random] =
                    result.getPrimaryResult().getStatistics().getPercentile(50)
                            / KernelBenchmark.BATCH;
        }
        out.printf("%-16s %10s %8s %14s %14s%n", "kernel", "dimension", "bits", "hot", "random");
        nanos.forEach((key, times) ->
                out.printf(
                        Locale.ROOT,
                        "%-16s %10s %8s %11.1f ns %11.1f ns%n",
                        key.get(0),
                        key.get(1),
                        key.get(2).equals("0") ? "scalar" : key.get(2),
                        times[0],
                        times[1]));
    }

    private static String name(BenchmarkParams parameters) {
        String kind = parameters.getParam("kind");
        return kind == null ? parameters.getParam("codes") : kind;
    }

    /** By name, then by numbers. */
    private static int compare(List<String> one, List<String> other) {
        int order = one.get(0).compareTo(other.get(0));
        for (int i = 1; order == 0 && i < one.size(); i++) {
            order = Integer.compare(Integer.parseInt(one.get(i)), Integer.parseInt(other.get(i)));
        }
        return order;
    }
}
