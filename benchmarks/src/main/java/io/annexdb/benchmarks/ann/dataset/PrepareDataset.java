package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Brings a source into the cache, once, and opens it. */
public final class PrepareDataset {
    private PrepareDataset() {}

    /** The data set of a source under a metric, from the cache when it is there. */
    public static Dataset run(
            DatasetSource source, Metric metric, DatasetSource.Limits limits, Path cache)
            throws IOException {
        Path folder = folder(source, metric, limits, cache);
        Path base = folder.resolve("base.fbin");
        Path queries = folder.resolve("queries.fbin");
        if (!Files.exists(base) || !Files.exists(queries)) {
            Files.createDirectories(folder);
            write(source, metric, limits, base, queries);
        }
        return new Dataset(
                source.name(),
                source.description(),
                metric,
                VectorFile.open(base),
                VectorFile.open(queries),
                folder);
    }

    private static Path folder(
            DatasetSource source, Metric metric, DatasetSource.Limits limits, Path cache) {
        int rows =
                source instanceof SyntheticClusters synthetic
                        ? Math.min(synthetic.rows(), limits.rows())
                        : limits.rows();
        String rowsName = rows == Integer.MAX_VALUE ? "all" : Integer.toString(rows);
        return cache.resolve("ann")
                .resolve(
                        "%s-%s-%s-%d"
                                .formatted(
                                        source.fingerprint(),
                                        metric.sqlName(),
                                        rowsName,
                                        limits.queries()));
    }

    private static void write(
            DatasetSource source,
            Metric metric,
            DatasetSource.Limits limits,
            Path basePath,
            Path queriesPath)
            throws IOException {
        try (VectorFileWriter base = new VectorFileWriter(basePath);
                VectorFileWriter queries = new VectorFileWriter(queriesPath);
                CountedSink counted = new CountedSink("Prepare " + source.name(), base)) {
            source.deliver(limits, fitted(metric, counted), fitted(metric, queries));
            checkNotEmpty(source, base.rows(), queries.rows());
            base.finish();
            queries.finish();
        }
    }

    /**
     * Under cosine, unit length, so that engines may use the inner product. A vector without a
     * direction has no neighbours and is left out.
     */
    private static VectorSink fitted(Metric metric, VectorSink sink) {
        if (metric != Metric.COSINE) {
            return sink;
        }
        return vector -> {
            double squares = 0;
            for (float component : vector) {
                squares += (double) component * component;
            }
            if (squares == 0) {
                return;
            }
            double scale = 1 / Math.sqrt(squares);
            float[] unit = new float[vector.length];
            for (int i = 0; i < vector.length; i++) {
                unit[i] = (float) (vector[i] * scale);
            }
            sink.accept(unit);
        };
    }

    private static void checkNotEmpty(DatasetSource source, int rows, int queries) {
        if (rows == 0 || queries == 0) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "%s gives %d rows and %d queries".formatted(source.name(), rows, queries),
                    "Both must be at least 1; see --limit and --queries.");
        }
    }
}
