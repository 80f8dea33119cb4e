package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.DatasetSource;
import io.annexdb.benchmarks.ann.dataset.PrepareDataset;
import io.annexdb.benchmarks.ann.dataset.ResolveDataset;
import io.annexdb.benchmarks.ann.dataset.SyntheticClusters;
import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.benchmarks.server.UserFolders;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
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
    @Option(
            names = "--dataset",
            paramLabel = "NAME|FILE",
            defaultValue = "wordnet-minilm",
            description =
                    "wordnet-minilm (117,791 glosses, 384 components), synthetic, or a file:"
                            + " .fvecs, .fbin, .hdf5 of ann-benchmarks.")
    private String dataset;

    @Option(
            names = "--engines",
            split = ",",
            defaultValue = "annex,lucene,jvector",
            description = "annex, lucene, jvector, hnswlib.")
    private List<String> engines;

    @Option(
            names = "--method",
            defaultValue = "hnsw",
            description = "The method of annex: auto, hnsw, flat.")
    private String method;

    @Option(
            names = "--metric",
            description = "cosine, l2, ip; the data set's own when it is not given.")
    private @Nullable String metric;

    @Option(
            names = "--filter",
            paramLabel = "SHARE",
            defaultValue = "1",
            description = "Only this share of the rows matches, chosen at random; 1 for no filter.")
    private double filter;

    @Option(names = "--k", defaultValue = "10", description = "Neighbours asked for.")
    private int k;

    @Option(
            names = "--ef",
            split = ",",
            defaultValue = "10,16,24,32,48,64,96,128,192,256,384,512",
            description = "Candidates kept by the graph search, one point of the curve each.")
    private List<Integer> efs;

    @Option(names = "--threads", defaultValue = "1", description = "Searching threads.")
    private int threads;

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
            names = "--limit",
            paramLabel = "ROWS",
            defaultValue = "2147483647",
            description = "Base rows at most.")
    private int limit;

    @Option(names = "--queries", defaultValue = "1000", description = "Queries at most.")
    private int queries;

    @Option(
            names = "--query-file",
            paramLabel = "FILE",
            description =
                    "Queries of a .fvecs or .fbin file. Without it: the file that has \"query\" for"
                            + " \"base\" in its name, else the last rows.")
    private @Nullable Path queryFile;

    @Option(names = "--rows", defaultValue = "100000", description = "synthetic: base rows.")
    private int rows;

    @Option(names = "--dimension", defaultValue = "384", description = "synthetic: components.")
    private int dimension;

    @Option(names = "--clusters", defaultValue = "1000", description = "synthetic: clusters.")
    private int clusters;

    @Option(
            names = "--intrinsic",
            defaultValue = "32",
            description = "synthetic: intrinsic dimension.")
    private int intrinsic;

    @Option(names = "--seed", defaultValue = "1", description = "synthetic: seed.")
    private long seed;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures here.")
    private @Nullable Path json;

    @Option(names = "--svg", paramLabel = "FILE", description = "Draw the curves here.")
    private @Nullable Path svg;

    @Option(
            names = "--profile",
            description = "Afterwards, say in which methods the Java engines spend their time.")
    private boolean profile;

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Prepared data and exact neighbours; the user's cache folder by default.")
    private @Nullable Path cache;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public AnnBench() {}

    @Override
    public Integer call() throws IOException {
        Path cacheFolder = cache == null ? UserFolders.cache() : cache;
        BenchPlan plan = plan();
        DatasetSource source =
                ResolveDataset.run(
                        dataset,
                        queryFile,
                        new SyntheticClusters(rows, dimension, clusters, intrinsic, seed),
                        cacheFolder);
        Metric measured = metric == null ? source.metric() : Metric.ofSqlName(metric);
        try (Dataset prepared =
                PrepareDataset.run(
                        source, measured, new DatasetSource.Limits(limit, queries), cacheFolder)) {
            Report report = RunBench.run(prepared, plan, cacheFolder, System.out);
            write(report);
        }
        return 0;
    }

    private BenchPlan plan() {
        return new BenchPlan(
                engines.stream().map(EngineKind::ofName).distinct().toList(),
                Method.ofSqlName(method),
                filter,
                k,
                efs.stream().distinct().sorted().toList(),
                threads,
                buildThreads == 0 ? Runtime.getRuntime().availableProcessors() : buildThreads,
                m,
                efConstruction,
                passes,
                minMillis,
                warmUpSeconds,
                profile);
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
