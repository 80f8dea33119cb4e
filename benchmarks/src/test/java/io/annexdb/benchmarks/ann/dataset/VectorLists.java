package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Small data sets made in tests. */
public final class VectorLists {
    private VectorLists() {}

    /** Vectors of normal components. */
    public static List<float[]> random(int rows, int dimension, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<float[]> vectors = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            float[] vector = new float[dimension];
            for (int i = 0; i < dimension; i++) {
                vector[i] = (float) random.nextGaussian();
            }
            vectors.add(vector);
        }
        return vectors;
    }

    /** A data set of these vectors, as they are. */
    public static Dataset dataset(
            Path folder, Metric metric, List<float[]> base, List<float[]> queries)
            throws IOException {
        return new Dataset(
                "test",
                "made by a test",
                metric,
                file(folder.resolve("base.fbin"), base),
                file(folder.resolve("queries.fbin"), queries),
                folder);
    }

    private static VectorFile file(Path path, List<float[]> vectors) throws IOException {
        try (VectorFileWriter writer = new VectorFileWriter(path)) {
            for (float[] vector : vectors) {
                writer.accept(vector);
            }
            writer.finish();
        }
        return VectorFile.open(path);
    }

    /** What a source delivers. */
    static Delivered deliver(DatasetSource source, int rows, int queries) throws IOException {
        Delivered delivered = new Delivered(new ArrayList<>(), new ArrayList<>());
        source.deliver(
                new DatasetSource.Limits(rows, queries),
                vector -> delivered.base().add(vector.clone()),
                vector -> delivered.queries().add(vector.clone()));
        return delivered;
    }

    record Delivered(List<float[]> base, List<float[]> queries) {}
}
