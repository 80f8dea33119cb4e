package io.annexdb.benchmarks.ann.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.benchmarks.ann.dataset.ComputeGroundTruth;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.dataset.GroundTruth;
import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorLists;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.VectorStorage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;

/** Every engine that says it filters, in this process. */
class FilteredSearchTest {
    private static final double SELECTIVITY = 0.2;
    private static final int K = 10;

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(
            names = {"HNSWLIB", "PGVECTOR", "ANNEX_SQL"},
            mode = EnumSource.Mode.EXCLUDE)
    void findsMatchingRowsOnly(EngineKind kind) throws IOException {
        findsMatchingRowsOnly(kind, false);
    }

    @Test
    void findsMatchingRowsOfANamespace() throws IOException {
        findsMatchingRowsOnly(EngineKind.ANNEX, true);
    }

    private void findsMatchingRowsOnly(EngineKind kind, boolean byNamespace) throws IOException {
        assertTrue(kind.filters());
        try (Dataset dataset =
                        VectorLists.dataset(
                                folder,
                                Metric.L2,
                                VectorLists.random(1500, 12, 41),
                                VectorLists.random(40, 12, 42));
                Engine engine = EngineHost.create(kind)) {
            engine.build(dataset.base(), request(dataset, byNamespace), (task, done, total) -> {});
            assertTrue(engine.bytes() > 1500 * 12 * Float.BYTES, "bytes " + engine.bytes());
            SearchPass.PassResult found =
                    new SearchPass(dataset.queries())
                            .run(engine, new SearchRequest(K, 100, 2, 0, 0));
            assertEquals(40, found.nanos().length);
            assertFound(ComputeGroundTruth.run(dataset, K, SELECTIVITY), found.rows());
        }
    }

    private BuildRequest request(Dataset dataset, boolean byNamespace) {
        return new BuildRequest(
                dataset.base().path(),
                folder.resolve("index"),
                Metric.L2,
                Method.HNSW,
                Quantization.AUTO,
                VectorStorage.MEMORY,
                16,
                200,
                2,
                SELECTIVITY,
                byNamespace);
    }

    private static void assertFound(GroundTruth truth, int[][] rows) {
        int found = 0;
        for (int query = 0; query < rows.length; query++) {
            assertEquals(K, rows[query].length);
            for (int row : rows[query]) {
                assertTrue(RowHash.passes(row, SELECTIVITY), "row " + row);
                for (int rank = 0; rank < K; rank++) {
                    found += truth.row(query, rank) == row ? 1 : 0;
                }
            }
        }
        assertTrue(found >= 0.97 * K * rows.length, "found " + found);
    }
}
