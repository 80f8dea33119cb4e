package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.benchmarks.text.EmbedGlosses;
import io.annexdb.benchmarks.text.Embedder;
import io.annexdb.benchmarks.text.EmbeddingCache;
import io.annexdb.benchmarks.text.Gloss;
import io.annexdb.benchmarks.text.WordNet;
import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Real text: all glosses of WordNet 3.1, embedded by the quantised MiniLM, 384 components. The last
 * glosses of {@link WordNet}'s fixed shuffle are the queries, 1,000 unless asked otherwise, the
 * others the base rows.
 *
 * @param cache folder of the embedding cache
 */
record WordNetMiniLm(Path cache) implements DatasetSource {
    @Override
    public String name() {
        return "wordnet-minilm";
    }

    @Override
    public String fingerprint() {
        return WordNet.VERSION + "-" + Embedder.MODEL;
    }

    @Override
    public Metric metric() {
        return Metric.COSINE;
    }

    @Override
    public String description() {
        return "glosses of %s embedded by %s, %d components, the last of a fixed shuffle as queries"
                .formatted(WordNet.VERSION, Embedder.MODEL, Embedder.DIMENSION);
    }

    @Override
    public void deliver(Limits limits, VectorSink base, VectorSink queries) throws IOException {
        List<float[]> vectors = vectors();
        int rows = vectors.size() - limits.queries();
        for (float[] query : vectors.subList(rows, vectors.size())) {
            queries.accept(query);
        }
        for (float[] vector : vectors.subList(0, Math.min(rows, limits.rows()))) {
            base.accept(vector);
        }
    }

    private List<float[]> vectors() throws IOException {
        List<Gloss> glosses = WordNet.read();
        String source = Embedder.MODEL + "/" + WordNet.VERSION;
        Path file = cache.resolve("embeddings").resolve(source.replace('/', '_'));
        try (EmbeddingCache kept = EmbeddingCache.open(file, source, Embedder.DIMENSION);
                Embedder embedder = new Embedder(cache.resolve("libraries"))) {
            return EmbedGlosses.run(glosses, kept, embedder);
        }
    }
}
