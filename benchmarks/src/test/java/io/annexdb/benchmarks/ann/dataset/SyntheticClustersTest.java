package io.annexdb.benchmarks.ann.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

class SyntheticClustersTest {
    private final SyntheticClusters source = new SyntheticClusters(5000, 24, 10, 4, 42);

    @Test
    void theSameSeedGivesTheSameVectors() throws IOException {
        VectorLists.Delivered first = VectorLists.deliver(source, 5000, 50);
        VectorLists.Delivered second = VectorLists.deliver(source, 5000, 50);
        assertSame(first.base(), second.base());
        assertSame(first.queries(), second.queries());
    }

    /** A change here changes every published figure: it must be meant. */
    @Test
    void theVectorsAreThoseOfEveryMachineAndVersion() throws IOException {
        VectorLists.Delivered made = VectorLists.deliver(source, 5000, 50);
        assertEquals(EXPECTED_HASH, hash(made.base()) * 31 + hash(made.queries()));
    }

    @Test
    void theFirstRowsOfALargerSetAreTheSmallerSet() throws IOException {
        SyntheticClusters larger = new SyntheticClusters(9000, 24, 10, 4, 42);
        assertSame(
                VectorLists.deliver(source, 5000, 50).base(),
                VectorLists.deliver(larger, 9000, 10).base().subList(0, 5000));
    }

    @Test
    void anotherSeedGivesOtherVectors() throws IOException {
        SyntheticClusters other = new SyntheticClusters(5000, 24, 10, 4, 43);
        assertTrue(
                !Arrays.equals(
                        VectorLists.deliver(source, 1, 1).base().getFirst(),
                        VectorLists.deliver(other, 1, 1).base().getFirst()));
    }

    @Test
    void queriesAreNoRows() throws IOException {
        VectorLists.Delivered made = VectorLists.deliver(source, 5000, 50);
        for (float[] query : made.queries()) {
            assertTrue(made.base().stream().noneMatch(row -> Arrays.equals(row, query)));
        }
    }

    private static final int EXPECTED_HASH = 299_992_180;

    private static int hash(List<float[]> vectors) {
        return vectors.stream().map(SyntheticClustersTest::rounded).toList().hashCode();
    }

    /** Coarse enough to be the same where the logarithm differs in its last bit. */
    private static int rounded(float[] vector) {
        int[] thousandths = new int[vector.length];
        Arrays.setAll(thousandths, i -> Math.round(vector[i] * 1000));
        return Arrays.hashCode(thousandths);
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        assertArrayEquals(expected.toArray(float[][]::new), actual.toArray(float[][]::new));
    }
}
