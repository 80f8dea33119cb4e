package io.annexdb.benchmarks.restart;

import io.annexdb.benchmarks.ann.DatasetOptions;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.QuietLogs;
import io.annexdb.benchmarks.server.WorkFolder;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** {@code annex bench restart}. */
@Command(
        name = "restart",
        description = "Times how long an index takes from its files to its first answer.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        sortOptions = false)
public final class RestartBench implements Callable<Integer> {
    private static final int K = 10;
    private static final int EF = 100;

    @Mixin private DatasetOptions dataset = new DatasetOptions("synthetic:100000x128");

    @Option(
            names = "--quantization",
            defaultValue = "auto",
            description = "none, sq8, rabitq, pq, auto.")
    private String quantization;

    @Option(names = "--times", defaultValue = "3", description = "How often it is opened again.")
    private int times;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public RestartBench() {}

    @Override
    public Integer call() throws Exception {
        QuietLogs.begin();
        try (Dataset rows = dataset.open();
                WorkFolder folder = WorkFolder.in(dataset.cacheFolder(), "restart-")) {
            IndexSettings settings =
                    IndexSettings.of(folder.path().resolve("index")).withLinkerThreads(2);
            ShardDefinition shard = shard(rows.base().dimension());
            float[] query = rows.queries().row(0);
            List<Neighbor> before = build(settings, shard, rows.base(), query);
            for (int i = 0; i < times; i++) {
                open(settings, shard, query, before);
            }
        }
        return 0;
    }

    private static List<Neighbor> build(
            IndexSettings settings, ShardDefinition shard, VectorFile base, float[] query) {
        try (IndexRegistry registry = IndexRegistry.open(settings);
                Progress _ = Progress.start("Build the index", 0)) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(1), base.rows());
            for (int row = 0; row < base.rows(); row++) {
                index.load(RowKey.of(Integer.toString(row)), null, base.row(row));
            }
            index.finishLoad();
            registry.advanceApplied(new Lsn(2));
            while (index.status().freshRows() > 0) {
                LockSupport.parkNanos(5_000_000);
            }
            return search(index, query);
        }
    }

    private static void open(
            IndexSettings settings, ShardDefinition shard, float[] query, List<Neighbor> before) {
        long started = System.nanoTime();
        try (IndexRegistry registry = IndexRegistry.open(settings)) {
            VectorIndex index = registry.openOrCreate(shard);
            boolean isSame = search(index, query).equals(before);
            double seconds = (System.nanoTime() - started) / 1e9;
            ShardStatus status = index.status();
            System.out.printf(
                    Locale.ROOT,
                    "%,d rows of %d: first answer after %.2f s, %s before; %s, %,d rows not"
                            + " linked, files %,.0f MB%n",
                    status.rows(),
                    status.dimension(),
                    seconds,
                    isSame ? "as" : "NOT AS",
                    status.state(),
                    status.freshRows(),
                    status.fileBytes() / 1e6);
        }
    }

    private static List<Neighbor> search(VectorIndex index, float[] query) {
        return index.reads().search(query, K, EF, null, Double.POSITIVE_INFINITY, () -> false);
    }

    private ShardDefinition shard(int dimension) {
        return new ShardDefinition(
                new IndexDefinition(
                        1,
                        "bench",
                        "bench",
                        "embedding",
                        ElementType.FLOAT32,
                        Metric.COSINE,
                        Method.HNSW,
                        List.of("id"),
                        null,
                        dimension,
                        new IndexOptions(
                                16,
                                100,
                                Quantization.valueOf(quantization.toUpperCase(Locale.ROOT)))),
                1,
                "bench");
    }
}
