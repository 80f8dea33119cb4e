package io.annexdb.sidecar.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import org.junit.jupiter.api.Test;

/** All tests run in checked mode; here it is what is tested. */
class CheckedKernelTest {
    private static final int WIDTH = 16;
    private static final int STRIDE = 64;

    private final Kernel kernel = Kernels.ofMachine().of(Metric.COSINE, ElementType.FLOAT32);
    private final NativeBuffer query = new NativeBuffer(STRIDE);
    private final float[] out = new float[4];

    private void score(long query, Slab rows, Slab scales, int n, int... slots) {
        kernel.score(query, 1f, rows.base(), STRIDE, scales.base(), WIDTH, slots, n, out);
    }

    @Test
    void slotsBehindTheCommittedRangeAreRefused() {
        MemoryBudget budget = new MemoryBudget(1 << 24);
        try (Slab rows = new Slab(budget, "test", STRIDE, 1 << 16);
                Slab scales = new Slab(budget, "test", 4, 1 << 16)) {
            rows.ensure(10);
            int committed = (int) (rows.bytes() / STRIDE);
            scales.ensure(committed + 1);
            score(query.address(), rows, scales, 2, 0, committed - 1);
            assertEquals(1f, out[1]);
            String message = refusal(query.address(), rows, scales, 2, 0, committed);
            assertTrue(message.contains("slots 0 to " + committed), message);
            assertTrue(message.contains("vectors"), message);
            refusal(query.address(), rows, scales, 2, 0, -1);
        }
    }

    @Test
    void queriesScalesAndSlabsThatAreNotThereAreRefused() {
        MemoryBudget budget = new MemoryBudget(1 << 24);
        Slab rows = new Slab(budget, "test", STRIDE, 100);
        try (Slab scales = new Slab(budget, "test", 4, 1 << 20)) {
            rows.ensure(100);
            String message = refusal(query.address(), rows, scales, 1, 0);
            assertTrue(message.contains("scales"), message);
            scales.ensure(100);
            message = refusal(query.address() + STRIDE - 4, rows, scales, 1, 0);
            assertTrue(message.contains("query"), message);
            score(query.address(), rows, scales, 1, 0);
            rows.close();
            refusal(query.address(), rows, scales, 1, 0);
        }
    }

    @Test
    void moreThanTheArraysHoldIsRefused() {
        try (Slab rows = new Slab(new MemoryBudget(1 << 24), "test", STRIDE, 100)) {
            rows.ensure(100);
            assertThrows(
                    IllegalArgumentException.class, () -> score(query.address(), rows, rows, 2, 0));
        }
    }

    @Test
    void codesBehindTheCommittedRangeAreRefused() {
        int bitBytes = 48;
        int stride = bitBytes + BitKernel.FACTOR_BYTES;
        long planes = BitKernel.PLANES * (long) BitKernel.planeBytes(bitBytes);
        NativeBuffer prepared = new NativeBuffer(BitKernel.PLANES_AT + planes);
        BitKernel bits = BitKernels.bits(bitBytes);
        ByteKernel bytes = BitKernels.bytes();
        try (Slab codes = new Slab(new MemoryBudget(1 << 24), "test", stride, 1 << 16)) {
            codes.ensure(10);
            int committed = (int) (codes.bytes() / stride);
            long query = prepared.address();
            bits.score(query, codes.base(), stride, new int[] {committed - 1}, 1, out);
            bytes.score(query, codes.base(), stride, 48, new int[] {committed - 1}, 1, out);
            for (int slot : new int[] {committed, -1}) {
                int[] slots = {0, slot};
                assertThrows(
                        IllegalStateException.class,
                        () -> bits.score(query, codes.base(), stride, slots, 2, out));
                assertThrows(
                        IllegalStateException.class,
                        () -> bytes.score(query, codes.base(), stride, 48, slots, 2, out));
            }
            int[] one = {0};
            assertThrows(
                    IllegalStateException.class,
                    () -> bits.score(query + 64, codes.base(), stride, one, 1, out));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> bytes.score(query, codes.base(), stride, 48, one, 2, out));
        }
    }

    private String refusal(long query, Slab rows, Slab scales, int n, int... slots) {
        return String.valueOf(
                assertThrows(
                                IllegalStateException.class,
                                () -> score(query, rows, scales, n, slots))
                        .getMessage());
    }
}
