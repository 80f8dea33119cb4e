package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;
import io.jhdf.HdfFile;
import io.jhdf.api.Attribute;
import io.jhdf.exceptions.HdfException;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file of ann-benchmarks: the 2-dimensional float data sets {@code train} and {@code test}, and
 * the attribute {@code distance}, which is {@code euclidean} or {@code angular}. Its own neighbours
 * are not used: ground truth is computed for exactly the rows and queries taken.
 *
 * @param file the file
 */
record Hdf5Source(Path file) implements DatasetSource {
    private static final int ROWS_AT_ONCE = 4096;

    @Override
    public String name() {
        return String.valueOf(file.getFileName());
    }

    @Override
    public String fingerprint() {
        return FileFingerprint.of(file, null);
    }

    @Override
    public Metric metric() {
        try (HdfFile hdf = open()) {
            Attribute distance = hdf.getAttributes().get("distance");
            String name = distance == null ? "none" : String.valueOf(distance.getData());
            return switch (name) {
                case "euclidean" -> Metric.L2;
                case "angular" -> Metric.COSINE;
                case "ip", "dot" -> Metric.INNER_PRODUCT;
                default ->
                        throw new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "%s says distance %s, which is neither euclidean nor angular"
                                        .formatted(file, name),
                                "Say which one is meant with --metric.");
            };
        }
    }

    @Override
    public String description() {
        return file.getFileName() + ", train and test of an ann-benchmarks file";
    }

    @Override
    public void deliver(Limits limits, VectorSink base, VectorSink queries) throws IOException {
        try (HdfFile hdf = open()) {
            read(hdf, "test", limits.queries(), queries);
            read(hdf, "train", limits.rows(), base);
        }
    }

    private void read(HdfFile hdf, String name, int limit, VectorSink sink) throws IOException {
        if (hdf.getChild(name) == null) {
            throw corrupted("%s has no data set \"%s\"".formatted(file, name), null);
        }
        io.jhdf.api.Dataset dataset = hdf.getDatasetByPath(name);
        int[] shape = dataset.getDimensions();
        if (shape.length != 2) {
            throw corrupted(
                    "%s: \"%s\" has %d dimensions, not 2".formatted(file, name, shape.length),
                    null);
        }
        int rows = Math.min(shape[0], limit);
        for (int from = 0; from < rows; from += ROWS_AT_ONCE) {
            int count = Math.min(ROWS_AT_ONCE, rows - from);
            Object slice = dataset.getData(new long[] {from, 0}, new int[] {count, shape[1]});
            for (float[] vector : floats(slice, name)) {
                sink.accept(vector);
            }
        }
    }

    private float[][] floats(Object slice, String name) {
        return switch (slice) {
            case float[][] floats -> floats;
            case double[][] doubles -> narrowed(doubles);
            default ->
                    throw corrupted(
                            "%s: \"%s\" holds %s, not floats"
                                    .formatted(file, name, slice.getClass().getSimpleName()),
                            null);
        };
    }

    private static float[][] narrowed(double[][] doubles) {
        float[][] floats = new float[doubles.length][];
        for (int row = 0; row < doubles.length; row++) {
            floats[row] = new float[doubles[row].length];
            for (int i = 0; i < doubles[row].length; i++) {
                floats[row][i] = (float) doubles[row][i];
            }
        }
        return floats;
    }

    private HdfFile open() {
        try {
            return new HdfFile(file);
        } catch (HdfException e) {
            throw corrupted(file + " is not an HDF5 file: " + e.getMessage(), e);
        }
    }

    private static AnnexException corrupted(
            String message, @org.jspecify.annotations.Nullable Throwable cause) {
        return new AnnexException(
                ErrorCode.DATA_CORRUPTED,
                message,
                "Only dense float files of ann-benchmarks are read; download it again if it is"
                        + " one.",
                cause);
    }
}
