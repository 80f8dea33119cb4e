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

    private String refusal(long query, Slab rows, Slab scales, int n, int... slots) {
        return String.valueOf(
                assertThrows(
                                IllegalStateException.class,
                                () -> score(query, rows, scales, n, slots))
                        .getMessage());
    }
}
