package io.annexdb.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.model.embedding.onnx.allminilml6v2q.AllMiniLmL6V2QuantizedEmbeddingModel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

class EmbedderTest {
    private static final List<String> TEXTS =
            List.of("a small domesticated feline", "a cat kept as a pet", "the price of crude oil");

    @TempDir private static Path libraries = Path.of("");

    @Test
    void vectorsHaveUnitLengthAndMeaning() {
        try (Embedder embedder = new Embedder(libraries)) {
            List<float[]> vectors = embedder.embedAll(TEXTS);
            for (float[] vector : vectors) {
                assertEquals(Embedder.DIMENSION, vector.length);
                assertEquals(1, product(vector, vector), 1e-5);
            }
            double near = product(vectors.get(0), vectors.get(1));
            double far = product(vectors.get(0), vectors.get(2));
            assertTrue(near > far + 0.3, () -> near + " against " + far);
        }
    }

    /** LangChain4j as it comes is the judge of LangChain4j with other threads. */
    @Test
    void vectorsAreThoseOfLangChain4j() {
        var original = new AllMiniLmL6V2QuantizedEmbeddingModel();
        try (Embedder embedder = new Embedder(libraries)) {
            for (String text : TEXTS) {
                float[] expected = original.embed(text).content().vector();
                assertArrayEquals(expected, embedder.embed(text), 1e-6f);
            }
        }
    }

    /** What allows a cache. */
    @Test
    void aVectorDoesNotDependOnItsCompany() {
        try (Embedder embedder = new Embedder(libraries)) {
            List<float[]> together = embedder.embedAll(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                assertArrayEquals(together.get(i), embedder.embed(TEXTS.get(i)), 1e-6f);
            }
        }
    }

    private static double product(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
