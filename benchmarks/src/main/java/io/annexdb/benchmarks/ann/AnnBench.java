package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.VectorStorage;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code annex bench ann}: its options, and nothing else. */
@Command(
        name = "ann",
        description = {
            "Compares engines of approximate nearest neighbours: recall, queries per second, build"
                    + " time, memory.",
            "",
            "Every engine runs in a process of its own and gets the same rows and queries. After a"
                + " warm-up, passes over the --ef list are interleaved between the engines; medians"
                + " are reported, and the spread between passes."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        sortOptions = false)
public final class AnnBench implements Callable<Integer> {
    @Mixin private DatasetOptions dataset;

    @Option(
            names = "--engines",
            split = ",",
            defaultValue = "annex,lucene,jvector",
            description =
                    "annex, lucene, jvector, hnswlib, pgvector, annex-sql. annex may also be"
                            + " annex:METHOD or annex:METHOD:QUANTIZATION, and stand there several"
                            + " times.")
    private List<String> engines;

    @Option(
            names = "--method",
            split = ",",
            defaultValue = "hnsw",
            description = "Methods of annex: auto, hnsw, flat, ivfpq; one curve each.")
    private List<String> methods;

    @Option(
            names = "--quantization",
            split = ",",
            defaultValue = "auto",
            description = "Quantizations of annex: auto, none, sq8, rabitq, pq; one curve each.")
    private List<String> quantizations;

    @Option(
            names = "--vectors",
            defaultValue = "memory",
            description = "Where annex's vectors lie: memory, or mapped for a file.")
    private String vectors;

    @Option(
            names = "--filter",
            paramLabel = "SHARE",
            defaultValue = "1",
            description = "Only this share of the rows matches, chosen at random; 1 for no filter.")
    private double filter;

    @Option(
            names = "--by-namespace",
            description =
                    "annex filters by a namespace that holds the matching rows; without it by a"
                            + " predicate over an included column.")
    private boolean byNamespace;

    @Option(names = "--k", defaultValue = "10", description = "Neighbours asked for.")
    private int k;

    @Option(
            names = "--ef",
            split = ",",
            defaultValue = "10,16,24,32,48,64,96,128,192,256,384,512",
            description = "Candidates kept by the graph search, one point of the curve each.")
    private List<Integer> efs;

    @Option(
            names = "--recalls",
            split = ",",
            defaultValue = "0.95,0.98,0.99",
            description = "Recalls that queries per second are compared at.")
    private List<Double> recalls;

    @Option(
            names = "--threads",
            split = ",",
            defaultValue = "1",
            description = "Searching threads; one curve for each number, with the ratio.")
    private List<Integer> threads;

    @Option(
            names = "--writer",
            paramLabel = "ROWS/S",
            defaultValue = "0",
            description =
                    "annex once more, with a writer beside that replaces as many rows a second;"
                            + " with the ratio.")
    private int writer;

    @Option(
            names = "--churn",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "annex once more, after every row was replaced N times in random order; with"
                            + " the recall lost and the rows that are not found any more.")
    private int churns;

    @Option(
            names = "--build-threads",
            defaultValue = "0",
            description = "Building threads; 0 for as many as there are processors.")
    private int buildThreads;

    @Option(names = "--m", defaultValue = "16", description = "Links per node, of every engine.")
    private int m;

    @Option(
            names = "--ef-construction",
            defaultValue = "200",
            description = "Candidates when a node is linked, of every engine.")
    private int efConstruction;

    @Option(names = "--passes", defaultValue = "5", description = "Measurements of every point.")
    private int passes;

    @Option(
            names = "--min-millis",
            defaultValue = "500",
            description = "A measurement takes at least this long.")
    private int minMillis;

    @Option(
            names = "--warm-up-seconds",
            defaultValue = "6",
            description = "Searches of every engine before the first measurement.")
    private int warmUpSeconds;

    @Option(
            names = "--heap",
            paramLabel = "MB",
            defaultValue = "0",
            description = "Heap of every Java engine; 0 for one that follows from the data.")
    private int heapMegabytes;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures here.")
    private @Nullable Path json;

    @Option(names = "--svg", paramLabel = "FILE", description = "Draw the curves here.")
    private @Nullable Path svg;

    @Option(
            names = "--profile",
            description = "Afterwards, say in which methods the Java engines spend their time.")
    private boolean profile;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public AnnBench() {}

    @Override
    public Integer call() throws IOException {
        BenchPlan plan = plan();
        try (Dataset prepared = dataset.open()) {
            write(RunBench.run(prepared, plan, dataset.cacheFolder(), System.out));
        }
        return 0;
    }

    private BenchPlan plan() {
        return new BenchPlan(
                ReadEntrants.run(
                        engines,
                        methods.stream().map(Method::ofSqlName).toList(),
                        quantizations.stream().map(Quantization::ofSqlName).toList()),
                conditions(),
                VectorStorage.ofSqlName(vectors),
                churns,
                filter,
                byNamespace,
                k,
                efs.stream().distinct().sorted().toList(),
                recalls.stream().distinct().sorted().toList(),
                buildThreads == 0 ? Runtime.getRuntime().availableProcessors() : buildThreads,
                m,
                efConstruction,
                passes,
                minMillis,
                warmUpSeconds,
                heapMegabytes,
                profile);
    }

    private List<Condition> conditions() {
        List<Condition> conditions =
                new ArrayList<>(threads.stream().distinct().map(Condition::searches).toList());
        if (writer > 0) {
            conditions.add(conditions.getFirst().withWriter(writer));
        }
        return conditions;
    }

    private void write(Report report) throws IOException {
        if (json != null) {
            WriteJson.run(report, json);
            System.out.println("Figures: " + json);
        }
        if (svg != null) {
            DrawSvg.run(report, svg);
            System.out.println("Plot: " + svg);
        }
    }
}
