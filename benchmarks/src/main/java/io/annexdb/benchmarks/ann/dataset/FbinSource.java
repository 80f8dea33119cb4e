package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A {@code .fbin} file of the big-ann benchmarks; the format is that of {@link VectorFile}.
 *
 * @param file the base rows
 * @param queryFile the queries; null holds out the last rows of the base file
 */
record FbinSource(Path file, @Nullable Path queryFile) implements DatasetSource {
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
                limits, rows(file), queryFile == null ? null : rows(queryFile), base, queries);
    }

    private static HoldOut.Rows rows(Path file) {
        return new HoldOut.Rows() {
            @Override
            public long count() throws IOException {
                try (VectorFile vectors = VectorFile.open(file)) {
                    return vectors.rows();
                }
            }

            @Override
            public void read(long from, long to, VectorSink sink) throws IOException {
                try (VectorFile vectors = VectorFile.open(file)) {
                    float[] vector = new float[vectors.dimension()];
                    for (long row = from; row < to; row++) {
                        vectors.read((int) row, vector);
                        sink.accept(vector);
                    }
                }
            }
        };
    }
}
