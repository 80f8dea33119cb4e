package io.annexdb.benchmarks.ann.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Against sorting all rows by the distance's definition. */
class ComputeGroundTruthTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({"COSINE,1", "INNER_PRODUCT,1", "L2,1", "L2,0.1", "L2,0.001", "COSINE,0.3"})
    void isWhatSortingGives(Metric metric, double selectivity) throws IOException {
        List<float[]> base = VectorLists.random(3000, 13, 21);
        base.addAll(base.subList(0, 200)); // ties
        List<float[]> queries = VectorLists.random(70, 13, 22);
        try (Dataset dataset = VectorLists.dataset(folder, metric, base, queries)) {
            GroundTruth truth = ComputeGroundTruth.run(dataset, 10, selectivity);
            assertEquals(70, truth.queries());
            for (int query = 0; query < queries.size(); query++) {
                assertSame(naive(metric, base, queries.get(query), selectivity), truth, query);
            }
        }
    }

    @Test
    void theSecondTimeItIsRead() throws IOException {
        List<float[]> base = VectorLists.random(300, 5, 23);
        try (Dataset dataset =
                VectorLists.dataset(folder, Metric.L2, base, VectorLists.random(3, 5, 24))) {
            GroundTruth first = ComputeGroundTruth.run(dataset, 10, 1);
            Path file = folder.resolve("truth-k10.bin");
            assertTrue(Files.exists(file));
            long written = Files.getLastModifiedTime(file).toMillis();
            GroundTruth second = ComputeGroundTruth.run(dataset, 10, 1);
            assertEquals(written, Files.getLastModifiedTime(file).toMillis());
            for (int query = 0; query < 3; query++) {
                for (int rank = 0; rank < 10; rank++) {
                    assertEquals(first.row(query, rank), second.row(query, rank));
                    assertEquals(first.distance(query, rank), second.distance(query, rank));
                }
            }
        }
    }

    private static void assertSame(List<Integer> expected, GroundTruth truth, int query) {
        List<Integer> actual = new ArrayList<>();
        for (int rank = 0; rank < truth.count(query); rank++) {
            actual.add(truth.row(query, rank));
        }
        assertEquals(expected, actual, "query " + query);
    }

    private static List<Integer> naive(
            Metric metric, List<float[]> base, float[] query, double selectivity) {
        return IntStream.range(0, base.size())
                .filter(row -> RowHash.passes(row, selectivity))
                .boxed()
                .sorted(
                        Comparator.comparingDouble(
                                        (Integer row) -> distance(metric, query, base.get(row)))
                                .thenComparingInt(row -> row))
                .limit(10)
                .toList();
    }

    private static double distance(Metric metric, float[] a, float[] b) {
        double dot = 0;
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            squares += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return metric == Metric.L2 ? squares : -dot;
    }
}
