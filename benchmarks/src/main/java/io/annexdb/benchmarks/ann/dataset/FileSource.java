package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A file of rows, and perhaps one of queries.
 *
 * @param file the base rows
 * @param queryFile the queries; null holds out the last rows of the base file
 * @param format reads both
 */
record FileSource(Path file, @Nullable Path queryFile, Function<Path, HoldOut.Rows> format)
        implements DatasetSource {
    @Override
    public String name() {
        return String.valueOf(file.getFileName());
    }

    @Override
    public String fingerprint() {
        return FileFingerprint.of(file, queryFile);
    }

    @Override
    public Metric metric() {
        return Metric.L2;
    }

    @Override
    public String description() {
        return HoldOut.describe(file, queryFile);
    }

    @Override
    public void deliver(Limits limits, VectorSink base, VectorSink queries) throws IOException {
        HoldOut.deliver(
                limits,
                format.apply(file),
                queryFile == null ? null : format.apply(queryFile),
                base,
                queries);
    }
}
