package io.annexdb.benchmarks.ann.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Metric;
import io.jhdf.HdfFile;
import io.jhdf.WritableHdfFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Each format is written here by its description, byte by byte, and read by the source. */
class FileSourcesTest {
    private static final SyntheticClusters UNUSED = new SyntheticClusters(1, 2, 1, 1, 1);

    private final List<float[]> base = VectorLists.random(5000, 7, 11);
    private final List<float[]> queries = VectorLists.random(9, 7, 12);

    @TempDir Path folder;

    @Test
    void fvecsWithItsQueryFile() throws IOException {
        Path file = Files.write(folder.resolve("sift_base.fvecs"), fvecs(base));
        Files.write(folder.resolve("sift_query.fvecs"), fvecs(queries));
        DatasetSource source = resolve(file);
        assertEquals(Metric.L2, source.metric());
        VectorLists.Delivered all = VectorLists.deliver(source, Integer.MAX_VALUE, 1000);
        assertSame(base, all.base());
        assertSame(queries, all.queries());
        VectorLists.Delivered few = VectorLists.deliver(source, 3, 2);
        assertSame(base.subList(0, 3), few.base());
        assertSame(queries.subList(0, 2), few.queries());
    }

    @Test
    void fvecsHoldsOutItsLastRows() throws IOException {
        Path file = Files.write(folder.resolve("some.fvecs"), fvecs(base));
        VectorLists.Delivered all = VectorLists.deliver(resolve(file), Integer.MAX_VALUE, 100);
        assertSame(base.subList(0, 4900), all.base());
        assertSame(base.subList(4900, 5000), all.queries());
    }

    @Test
    void moreQueriesThanRowsIsAnError() throws IOException {
        Path file = Files.write(folder.resolve("some.fvecs"), fvecs(queries));
        AnnexException e =
                assertThrows(
                        AnnexException.class, () -> VectorLists.deliver(resolve(file), 100, 9));
        assertTrue(String.valueOf(e.getMessage()).contains("9 rows"), e.getMessage());
    }

    @Test
    void fvecsOfChangingDimensionIsAnError() throws IOException {
        byte[] bytes = fvecs(base);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(32 * 4321, 6);
        Path file = Files.write(folder.resolve("some.fvecs"), bytes);
        AnnexException e =
                assertThrows(
                        AnnexException.class, () -> VectorLists.deliver(resolve(file), 5000, 9));
        assertEquals(ErrorCode.DATA_CORRUPTED, e.code());
        assertTrue(String.valueOf(e.getMessage()).contains("row 4321"), e.getMessage());
    }

    @Test
    void fvecsCutShortIsAnError() throws IOException {
        byte[] bytes = java.util.Arrays.copyOf(fvecs(base), 32 * 5000 - 1);
        Path file = Files.write(folder.resolve("some.fvecs"), bytes);
        assertThrows(AnnexException.class, () -> VectorLists.deliver(resolve(file), 5000, 9));
    }

    @Test
    void fbinWithItsQueryFile() throws IOException {
        Path file = Files.write(folder.resolve("base.1M.fbin"), fbin(base));
        Files.write(folder.resolve("query.1M.fbin"), fbin(queries));
        VectorLists.Delivered all = VectorLists.deliver(resolve(file), Integer.MAX_VALUE, 1000);
        assertSame(base, all.base());
        assertSame(queries, all.queries());
    }

    @Test
    void fbinOfAnotherLengthIsAnError() throws IOException {
        Path file =
                Files.write(folder.resolve("some.fbin"), java.util.Arrays.copyOf(fbin(base), 1000));
        AnnexException e =
                assertThrows(AnnexException.class, () -> VectorLists.deliver(resolve(file), 10, 9));
        assertTrue(String.valueOf(e.getMessage()).contains("5000 rows"), e.getMessage());
    }

    @Test
    void hdf5OfAnnBenchmarks() throws IOException {
        Path file = folder.resolve("some-angular.hdf5");
        writeHdf5(file, "angular");
        DatasetSource source = resolve(file);
        assertEquals(Metric.COSINE, source.metric());
        VectorLists.Delivered all = VectorLists.deliver(source, Integer.MAX_VALUE, 1000);
        assertSame(base, all.base());
        assertSame(queries, all.queries());
        assertSame(base.subList(0, 4097), VectorLists.deliver(source, 4097, 1).base());
    }

    @Test
    void hdf5OfAnUnknownDistanceAsksForTheMetric() {
        Path file = folder.resolve("some-jaccard.hdf5");
        writeHdf5(file, "jaccard");
        AnnexException e = assertThrows(AnnexException.class, () -> resolve(file).metric());
        assertTrue(e.hint().orElse("").contains("--metric"), e.hint().orElse(""));
    }

    @Test
    void whatIsNoHdf5IsAnError() throws IOException {
        Path file = Files.write(folder.resolve("some.hdf5"), fbin(base));
        assertEquals(
                ErrorCode.DATA_CORRUPTED,
                assertThrows(AnnexException.class, () -> resolve(file).metric()).code());
    }

    @Test
    void unknownNamesAndFormatsAreErrorsWithAHint() throws IOException {
        Path file = Files.write(folder.resolve("some.csv"), new byte[1]);
        for (Path wrong : List.of(Path.of("no-such-set"), file)) {
            AnnexException e = assertThrows(AnnexException.class, () -> resolve(wrong));
            assertTrue(e.hint().orElse("").contains("wordnet-minilm"), e.hint().orElse(""));
        }
    }

    @Test
    void aChangedFileHasAnotherFingerprint() throws IOException {
        Path file = Files.write(folder.resolve("some.fbin"), fbin(base));
        String before = resolve(file).fingerprint();
        Files.write(file, fbin(queries));
        assertTrue(!before.equals(resolve(file).fingerprint()), before);
    }

    private DatasetSource resolve(Path file) {
        return ResolveDataset.run(file.toString(), null, UNUSED, folder);
    }

    private void writeHdf5(Path file, String distance) {
        try (WritableHdfFile hdf = HdfFile.write(file)) {
            hdf.putDataset("train", base.toArray(float[][]::new));
            hdf.putDataset("test", queries.toArray(float[][]::new));
            hdf.putAttribute("distance", distance);
        }
    }

    private static byte[] fvecs(List<float[]> vectors) {
        int dimension = vectors.getFirst().length;
        byte[] file = new byte[vectors.size() * (dimension + 1) * 4];
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] vector : vectors) {
            bytes.putInt(dimension);
            for (float component : vector) {
                bytes.putFloat(component);
            }
        }
        return file;
    }

    private static byte[] fbin(List<float[]> vectors) {
        int dimension = vectors.getFirst().length;
        byte[] file = new byte[8 + vectors.size() * dimension * 4];
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(vectors.size()).putInt(dimension);
        for (float[] vector : vectors) {
            for (float component : vector) {
                bytes.putFloat(component);
            }
        }
        return file;
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        assertArrayEquals(expected.toArray(float[][]::new), actual.toArray(float[][]::new));
    }
}
