package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.ExactDistance;
import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.sidecar.model.Metric;
import io.github.jbellis.jvector.graph.GraphIndexBuilder;
import io.github.jbellis.jvector.graph.GraphSearcher;
import io.github.jbellis.jvector.graph.ImmutableGraphIndex;
import io.github.jbellis.jvector.graph.ListRandomAccessVectorValues;
import io.github.jbellis.jvector.graph.RandomAccessVectorValues;
import io.github.jbellis.jvector.graph.SearchResult;
import io.github.jbellis.jvector.graph.similarity.BuildScoreProvider;
import io.github.jbellis.jvector.graph.similarity.DefaultSearchScoreProvider;
import io.github.jbellis.jvector.util.Bits;
import io.github.jbellis.jvector.vector.VectorSimilarityFunction;
import io.github.jbellis.jvector.vector.VectorizationProvider;
import io.github.jbellis.jvector.vector.types.VectorFloat;
import io.github.jbellis.jvector.vector.types.VectorTypeSupport;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * JVector's graph in memory with float vectors: hierarchical, with the neighbour overflow and alpha
 * of its documentation. Degrees are those of an HNSW graph of the same M: 2M on the base level, M
 * above.
 */
final class JVectorEngine implements Engine {
    private static final float NEIGHBOR_OVERFLOW = 1.2f;
    private static final float ALPHA = 1.2f;
    private static final VectorTypeSupport VECTORS =
            VectorizationProvider.getInstance().getVectorTypeSupport();

    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable RandomAccessVectorValues vectors;
    private @Nullable ImmutableGraphIndex graph;
    private VectorSimilarityFunction similarity = VectorSimilarityFunction.DOT_PRODUCT;
    private Bits accepted = Bits.ALL;

    @Override
    public Map<String, String> parameters() {
        return parameters;
    }

    @Override
    public void build(VectorFile base, BuildRequest request, BuildProgress progress)
            throws IOException {
        similarity = similarity(request.metric());
        vectors = copied(base);
        if (request.filtered()) {
            accepted = row -> RowHash.passes(row, request.selectivity());
        }
        graph = link(vectors, similarity, request, progress);
        describe(request);
    }

    private static RandomAccessVectorValues copied(VectorFile base) {
        List<VectorFloat<?>> rows = new ArrayList<>(base.rows());
        for (int row = 0; row < base.rows(); row++) {
            rows.add(VECTORS.createFloatVector(base.row(row)));
        }
        return new ListRandomAccessVectorValues(rows, base.dimension());
    }

    private static ImmutableGraphIndex link(
            RandomAccessVectorValues vectors,
            VectorSimilarityFunction similarity,
            BuildRequest request,
            BuildProgress progress)
            throws IOException {
        AtomicInteger done = new AtomicInteger();
        try (ForkJoinPool pool = new ForkJoinPool(request.threads());
                GraphIndexBuilder builder =
                        GraphIndexBuilder.builder(
                                        BuildScoreProvider.randomAccessScoreProvider(
                                                vectors, similarity),
                                        vectors.dimension(),
                                        List.of(2 * request.m(), request.m()))
                                .withBeamWidth(request.efConstruction())
                                .withNeighborOverflow(NEIGHBOR_OVERFLOW)
                                .withAlpha(ALPHA)
                                .withSimdExecutor(pool)
                                .withParallelExecutor(pool)
                                .build()) {
            pool.submit(() ->
                            IntStream.range(0, vectors.size())
                                    .parallel()
                                    .forEach(row -> {
                                        builder.addGraphNode(row, vectors.getVector(row));
                                        progress.at(
                                                "insert", done.incrementAndGet(), vectors.size());
                                    }))
                    .join();
            progress.at("clean up", 0, 0);
            builder.cleanup();
            return builder.getGraph();
        }
    }

    private static VectorSimilarityFunction similarity(Metric metric) {
        return switch (metric) {
            case COSINE, INNER_PRODUCT -> VectorSimilarityFunction.DOT_PRODUCT;
            case L2 -> VectorSimilarityFunction.EUCLIDEAN;
            case L1, HAMMING, JACCARD -> throw ExactDistance.notMeasured(metric);
        };
    }

    private void describe(BuildRequest request) {
        parameters.put("version", "4.0.2");
        parameters.put("degrees", 2 * request.m() + " below, " + request.m() + " above");
        parameters.put("beamWidth", Integer.toString(request.efConstruction()));
        parameters.put("neighborOverflow", Float.toString(NEIGHBOR_OVERFLOW));
        parameters.put("alpha", Float.toString(ALPHA));
        parameters.put("hierarchical", Boolean.toString(builtGraph().isHierarchical()));
        parameters.put("similarity", similarity.name());
        parameters.put(
                "vectorization", VectorizationProvider.getInstance().getClass().getSimpleName());
    }

    /** Its own count for the graph; the vectors as bare floats. */
    @Override
    public long bytes() {
        RandomAccessVectorValues rows = copiedVectors();
        return builtGraph().ramBytesUsed() + (long) rows.size() * rows.dimension() * Float.BYTES;
    }

    @Override
    public Searcher<SearchResult> searcher() {
        RandomAccessVectorValues rows = copiedVectors().copy();
        GraphSearcher searcher = new GraphSearcher(builtGraph());
        return new Searcher<>() {
            @Override
            public SearchResult search(float[] query, int k, int ef) {
                VectorFloat<?> vector = VECTORS.createFloatVector(query);
                return searcher.search(
                        DefaultSearchScoreProvider.exact(vector, similarity, rows),
                        k,
                        Math.max(k, ef),
                        0f,
                        0f,
                        accepted);
            }

            @Override
            public int[] rows(SearchResult answer, int k) {
                return Arrays.stream(answer.getNodes()).mapToInt(found -> found.node).toArray();
            }
        };
    }

    private RandomAccessVectorValues copiedVectors() {
        if (vectors == null) {
            throw new IllegalStateException("the index is not built");
        }
        return vectors;
    }

    private ImmutableGraphIndex builtGraph() {
        if (graph == null) {
            throw new IllegalStateException("the index is not built");
        }
        return graph;
    }

    @Override
    public void close() throws IOException {
        if (graph != null) {
            graph.close();
        }
    }
}
