package io.annexdb.sidecar.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Values that a PostgreSQL server gave for {@code hash_array_extended(ARRAY[…]::real[], 0)}. */
class VectorHashTest {
    @Test
    void hashIsPostgresqls() {
        assertEquals(739079585327538126L, VectorHash.of(new float[] {1, 2, 3}));
        assertEquals(
                2244737063906706393L,
                VectorHash.of(new float[] {0.1f, -0.25f, 1e-30f, 3.4e38f, -7f}));
        assertEquals(1L, VectorHash.of(new float[] {}));
    }

    @Test
    void bothZerosHashAlike() {
        assertEquals(31L, VectorHash.of(new float[] {0f}));
        assertEquals(31L, VectorHash.of(new float[] {-0f}));
    }

    @Test
    void denormalsHashLikePostgresqls() {
        assertEquals(-9086320680330523472L, VectorHash.of(new float[] {Float.MIN_VALUE}));
    }

    @Test
    void longVectorsHashLikePostgresqls() {
        float[] vector = new float[101];
        for (int i = -50; i <= 50; i++) {
            vector[i + 50] = (float) (i / 7.0);
        }
        assertEquals(4510400476690835781L, VectorHash.of(vector));
    }
}
