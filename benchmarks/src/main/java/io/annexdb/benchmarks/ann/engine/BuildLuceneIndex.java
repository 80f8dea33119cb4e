package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorFile;

import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.Directory;

import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Builds a Lucene index of one segment with several threads: rows are written without graphs first,
 * then one merge builds the whole graph with that many workers, so that no work is spent on graphs
 * of segments that the merge would replace.
 */
final class BuildLuceneIndex {
    static final String VECTOR = "vector";
    static final String ROW = "row";
    static final String MATCHING = "matching";
    private static final double BUFFER_MEGABYTES = 1024;

    private BuildLuceneIndex() {}

    static void run(
            Directory directory,
            VectorFile base,
            BuildRequest request,
            VectorSimilarityFunction similarity,
            Engine.BuildProgress progress)
            throws IOException {
        write(directory, base, request, similarity, progress);
        progress.at("merge", 0, 0);
        merge(directory, request);
    }

    private static void write(
            Directory directory,
            VectorFile base,
            BuildRequest request,
            VectorSimilarityFunction similarity,
            Engine.BuildProgress progress)
            throws IOException {
        KnnVectorsFormat noGraph =
                new Lucene99HnswVectorsFormat(
                        request.m(), request.efConstruction(), 1, null, Integer.MAX_VALUE);
        IndexWriterConfig config =
                new IndexWriterConfig()
                        .setCodec(codec(noGraph))
                        .setRAMBufferSizeMB(BUFFER_MEGABYTES)
                        .setMergePolicy(NoMergePolicy.INSTANCE)
                        .setUseCompoundFile(false);
        try (IndexWriter writer = new IndexWriter(directory, config)) {
            for (int row = 0; row < base.rows(); row++) {
                writer.addDocument(document(base, row, request, similarity));
                if (row == base.rows() / 2) {
                    writer.commit(); // a single segment would count as merged, and get no graph
                }
                progress.at("write", row + 1, base.rows());
            }
        }
    }

    private static void merge(Directory directory, BuildRequest request) throws IOException {
        TieredMergePolicy intoOne = new TieredMergePolicy();
        intoOne.setNoCFSRatio(0);
        try (ExecutorService workers = Executors.newFixedThreadPool(request.threads())) {
            KnnVectorsFormat graph =
                    request.threads() == 1
                            ? new Lucene99HnswVectorsFormat(
                                    request.m(), request.efConstruction(), 1, null, 0)
                            : new Lucene99HnswVectorsFormat(
                                    request.m(),
                                    request.efConstruction(),
                                    request.threads(),
                                    workers,
                                    0);
            IndexWriterConfig config =
                    new IndexWriterConfig()
                            .setCodec(codec(graph))
                            .setMergePolicy(intoOne)
                            .setUseCompoundFile(false);
            try (IndexWriter writer = new IndexWriter(directory, config)) {
                writer.forceMerge(1);
            }
        }
    }

    private static Codec codec(KnnVectorsFormat vectors) {
        return new Lucene104Codec() {
            @Override
            public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
                return vectors;
            }
        };
    }

    private static Document document(
            VectorFile base, int row, BuildRequest request, VectorSimilarityFunction similarity) {
        Document document = new Document();
        document.add(new KnnFloatVectorField(VECTOR, base.row(row), similarity));
        document.add(new NumericDocValuesField(ROW, row));
        if (request.filtered() && RowHash.passes(row, request.selectivity())) {
            document.add(new StringField(MATCHING, MATCHING, Field.Store.NO));
        }
        return document;
    }
}
