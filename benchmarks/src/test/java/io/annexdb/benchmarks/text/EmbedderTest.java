package io.annexdb.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class EmbedderTest {
    private static final List<String> TEXTS =
            List.of("a small domesticated feline", "a cat kept as a pet", "the price of crude oil");

    @Test
    void vectorsHaveUnitLengthAndMeaning() {
        try (Embedder embedder = new Embedder()) {
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

    /** What allows a cache. */
    @Test
    void aVectorDoesNotDependOnItsCompany() {
        try (Embedder embedder = new Embedder()) {
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
