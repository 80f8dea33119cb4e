package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.DatasetSource;
import io.annexdb.benchmarks.ann.dataset.PrepareDataset;
import io.annexdb.benchmarks.ann.dataset.ResolveDataset;
import io.annexdb.benchmarks.ann.dataset.SyntheticClusters;
import io.annexdb.benchmarks.server.UserFolders;
import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** The options that say which vectors a benchmark works on. */
public final class DatasetOptions {
    @Option(
            names = "--dataset",
            paramLabel = "NAME|FILE",
            description =
                    "wordnet-minilm (117,791 glosses, 384 components), synthetic,"
                            + " synthetic:ROWSxDIMENSION, or a file: .fvecs, .fbin, .hdf5 of"
                            + " ann-benchmarks.")
    private String dataset = "wordnet-minilm";

    @Option(
            names = "--metric",
            description = "cosine, l2, ip; the data set's own when it is not given.")
    private @Nullable String metric;

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

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Prepared data and exact neighbours; the user's cache folder by default.")
    private @Nullable Path cache;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public DatasetOptions() {}

    /** With another data set when none is named. */
    public DatasetOptions(String dataset) {
        this();
        this.dataset = dataset;
    }

    /** Where everything is kept that another run can use again. */
    public Path cacheFolder() throws IOException {
        return cache == null ? UserFolders.cache() : cache;
    }

    /** The data set, made or read if it is not in the cache yet. */
    public Dataset open() throws IOException {
        Path folder = cacheFolder();
        DatasetSource source =
                ResolveDataset.run(
                        dataset,
                        queryFile,
                        new SyntheticClusters(rows, dimension, clusters, intrinsic, seed),
                        folder);
        Metric measured = metric == null ? source.metric() : Metric.ofSqlName(metric);
        return PrepareDataset.run(
                source, measured, new DatasetSource.Limits(limit, queries), folder);
    }
}
