package io.annexdb.benchmarks.text;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Turns text into vectors of 384 components and unit length, in this process. A text's vector does
 * not depend on what else is embedded, so it can be cached: each text runs through the model alone,
 * because in a batch the quantised model would scale activations by the batch's extremes.
 */
public final class Embedder implements AutoCloseable {
    /** Part of the name under which embeddings are cached. */
    public static final String MODEL = "all-minilm-l6-v2-q";

    /** Components of a vector. */
    public static final int DIMENSION = 384;

    private final ExecutorService threads;
    private final MiniLm model;

    /**
     * Loads the model, in about half a second.
     *
     * @param libraries folder in which the tokenizer's native library is unpacked, for this process
     *     the first one given
     */
    public Embedder(Path libraries) {
        System.setProperty("ENGINE_CACHE_DIR", libraries.toString());
        // The tokenizer's library would otherwise report its use to its makers.
        System.setProperty("OPT_OUT_TRACKING", "true");
        threads =
                Executors.newFixedThreadPool(
                        Runtime.getRuntime().availableProcessors(),
                        Thread.ofPlatform().daemon().name("embed-", 0).factory());
        model = new MiniLm(threads);
    }

    /** One text. */
    public float[] embed(String text) {
        return model.embed(text).content().vector();
    }

    /** The vectors of texts, in their order. */
    public List<float[]> embedAll(List<String> texts) {
        return model.embedAll(texts.stream().map(TextSegment::from).toList()).content().stream()
                .map(Embedding::vector)
                .toList();
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
