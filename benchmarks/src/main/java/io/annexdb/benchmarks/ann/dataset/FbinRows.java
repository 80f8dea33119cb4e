package io.annexdb.benchmarks.ann.dataset;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Rows of a {@code .fbin} file of the big-ann benchmarks; the format is that of {@link VectorFile}.
 */
record FbinRows(Path file) implements HoldOut.Rows {
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
}
