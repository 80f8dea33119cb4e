package io.annexdb.sidecar.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.model.ElementType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** What {@code hashtextextended(…::bit varying::text, 0)} gave. */
    @ParameterizedTest
    @CsvSource({
        "'', -6939563903564495251",
        "1, 8680131335536356089",
        "10110, -8743498545648778690",
        "10101010101, 7748374783514652299",
        "101100111000, -4500739547469300149",
        "1011001110001, -618214625336764081"
    })
    void bitsHashLikeTheirText(String bits, long expected) {
        assertEquals(expected, hash(bits));
    }

    @Test
    void manyBitsHashLikeTheirText() {
        assertEquals(-4697313661933773557L, hash("0101100111".repeat(13)));
        assertEquals(8533241882874822796L, hash("1010010100111100".repeat(32)));
    }

    private static long hash(String bits) {
        float[] vector = new float[bits.length()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = bits.charAt(i) - '0';
        }
        return VectorHash.of(ElementType.BIT, vector);
    }
}
