package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.ExactDistance;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.sidecar.model.Metric;

import org.apache.lucene.codecs.hnsw.FlatVectorScorerUtil;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopKnnCollector;
import org.apache.lucene.store.MMapDirectory;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Apache Lucene's float HNSW in one segment, in mapped files. Without a filter the segment's reader
 * is asked directly, the shortest way there is; with one, the documented query, which chooses
 * between graph and exact scan.
 */
final class LuceneEngine implements Engine {
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable Path directory;
    private @Nullable MMapDirectory files;
    private @Nullable DirectoryReader reader;
    private int[] rowOfDocument = {};
    private boolean filtered;

    @Override
    public Map<String, String> parameters() {
        return parameters;
    }

    @Override
    public void build(VectorFile base, BuildRequest request, BuildProgress progress)
            throws IOException {
        directory = request.directory();
        filtered = request.filtered();
        files = new MMapDirectory(directory);
        BuildLuceneIndex.run(files, base, request, similarity(request.metric()), progress);
        reader = DirectoryReader.open(files);
        rowOfDocument = rowOfDocument(segment(reader));
        describe(request);
    }

    private static LeafReader segment(DirectoryReader reader) {
        if (reader.leaves().size() != 1) {
            throw new IllegalStateException("expected one segment, not " + reader.leaves().size());
        }
        return reader.leaves().getFirst().reader();
    }

    private static int[] rowOfDocument(LeafReader segment) throws IOException {
        int[] rows = new int[segment.maxDoc()];
        NumericDocValues values = segment.getNumericDocValues(BuildLuceneIndex.ROW);
        for (int document = 0; document < rows.length; document++) {
            values.advance(document);
            rows[document] = (int) values.longValue();
        }
        return rows;
    }

    private static VectorSimilarityFunction similarity(Metric metric) {
        return switch (metric) {
            case COSINE -> VectorSimilarityFunction.DOT_PRODUCT;
            case INNER_PRODUCT -> VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT;
            case L2 -> VectorSimilarityFunction.EUCLIDEAN;
            case L1, HAMMING, JACCARD -> throw ExactDistance.notMeasured(metric);
        };
    }

    private void describe(BuildRequest request) {
        parameters.put("version", org.apache.lucene.util.Version.LATEST.toString());
        parameters.put("maxConn", Integer.toString(request.m()));
        parameters.put("beamWidth", Integer.toString(request.efConstruction()));
        parameters.put("format", "Lucene99HnswVectorsFormat, float32, one segment, mapped");
        parameters.put("mergeWorkers", Integer.toString(request.threads()));
        parameters.put("similarity", similarity(request.metric()).name());
        parameters.put("scorer", FlatVectorScorerUtil.getLucene99FlatVectorsScorer().toString());
    }

    /** All files of the index: a search maps them. */
    @Override
    public long bytes() throws IOException {
        if (directory == null) {
            throw new IllegalStateException("the index is not built");
        }
        try (Stream<Path> paths = Files.list(directory)) {
            long bytes = 0;
            for (Path path : paths.toList()) {
                bytes += Files.size(path);
            }
            return bytes;
        }
    }

    @Override
    public Searcher<TopDocs> searcher() {
        if (reader == null) {
            throw new IllegalStateException("the index is not built");
        }
        return filtered ? filteredSearcher(reader) : plainSearcher(segment(reader));
    }

    private Searcher<TopDocs> plainSearcher(LeafReader segment) {
        AcceptDocs all = AcceptDocs.fromLiveDocs(null, segment.maxDoc());
        return new TopDocsSearcher() {
            @Override
            public TopDocs search(float[] query, int k, int ef) throws IOException {
                TopKnnCollector collector = new TopKnnCollector(Math.max(k, ef), Integer.MAX_VALUE);
                segment.searchNearestVectors(BuildLuceneIndex.VECTOR, query, collector, all);
                return collector.topDocs();
            }
        };
    }

    private Searcher<TopDocs> filteredSearcher(DirectoryReader opened) {
        IndexSearcher searcher = new IndexSearcher(opened);
        Query filter =
                new TermQuery(new Term(BuildLuceneIndex.MATCHING, BuildLuceneIndex.MATCHING));
        return new TopDocsSearcher() {
            @Override
            public TopDocs search(float[] query, int k, int ef) throws IOException {
                int candidates = Math.max(k, ef);
                return searcher.search(
                        new KnnFloatVectorQuery(BuildLuceneIndex.VECTOR, query, candidates, filter),
                        k);
            }
        };
    }

    private abstract class TopDocsSearcher implements Searcher<TopDocs> {
        @Override
        public int[] rows(TopDocs answer, int k) {
            return Arrays.stream(answer.scoreDocs)
                    .limit(k)
                    .mapToInt((ScoreDoc found) -> rowOfDocument[found.doc])
                    .toArray();
        }
    }

    @Override
    public void close() throws IOException {
        if (reader != null) {
            reader.close();
        }
        if (files != null) {
            files.close();
        }
    }
}
