package io.annexdb.sidecar.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicInteger;

/** Slabs grow in place, end at the limit, and go when nobody is inside. */
class SlabTest {
    @Test
    void growsInPlaceAndKeepsItsBytes() {
        try (Slab slab = new Slab(new MemoryBudget(1L << 30), "test", 192, 1 << 20)) {
            long base = slab.base();
            assertEquals(0, base % Slab.CACHE_LINE);
            for (int slot = 0; slot < 100_000; slot++) {
                slab.ensure(slot + 1L);
                assertEquals(0, Native.getLong(slab.address(slot) + 184), "fresh memory is zero");
                Native.putLong(slab.address(slot), slot);
            }
            assertEquals(base, slab.base());
            for (int slot = 0; slot < 100_000; slot++) {
                assertEquals(slot, Native.getLong(slab.address(slot)));
            }
            assertTrue(slab.bytes() >= 192 * 100_000 && slab.bytes() < 192 * 100_000 * 3);
        }
    }

    @Test
    void pagesAreTakenBesideAWriterWithoutAChange() throws InterruptedException {
        int slots = 400_000;
        try (Slab slab = new Slab(new MemoryBudget(1L << 30), "test", 64, slots)) {
            slab.ensure(slots);
            Thread beside = new Thread(() -> slab.populate(0, slots));
            beside.start();
            for (int slot = 0; slot < slots; slot++) {
                Native.putLong(slab.address(slot), slot);
            }
            beside.join();
            slab.populate(0, slots);
            for (int slot = 0; slot < slots; slot++) {
                assertEquals(slot, Native.getLong(slab.address(slot)));
                assertEquals(0, Native.getLong(slab.address(slot) + 56));
            }
        }
    }

    @Test
    void theLimitIsAnErrorWithTheNumbers() {
        MemoryBudget budget = new MemoryBudget(1 << 20);
        Slab first = new Slab(budget, "first", 64, 1 << 20);
        Slab second = new Slab(budget, "second", 64, 1 << 20);
        first.ensure(12 << 10);
        AnnexException error = assertThrows(AnnexException.class, () -> second.ensure(12 << 10));
        assertEquals(ErrorCode.OUT_OF_RESOURCES, error.code());
        assertTrue(
                String.valueOf(error.getMessage()).startsWith("second needs 786,432 more bytes"),
                String.valueOf(error.getMessage()));
        assertTrue(
                String.valueOf(error.getMessage()).contains("1,048,576"),
                String.valueOf(error.getMessage()));
        first.close();
        second.ensure(12 << 10);
        second.close();
        assertEquals(0, budget.usedBytes());
    }

    /** It would be another's memory. */
    @Test
    void behindItsAddressSpaceItDoesNotGrow() {
        try (Slab slab = new Slab(new MemoryBudget(1L << 30), "test", 64, 1_000)) {
            long fits = Pages.HUGE / 64;
            slab.ensure(fits);
            AnnexException error = assertThrows(AnnexException.class, () -> slab.ensure(fits + 1));
            assertEquals(ErrorCode.OUT_OF_RESOURCES, error.code());
            assertEquals(Pages.HUGE, slab.bytes());
        }
    }

    @Test
    void theLastReaderFrees() {
        AtomicInteger freed = new AtomicInteger();
        ReaderGate gate = new ReaderGate(freed::incrementAndGet);
        assertTrue(gate.enter());
        assertTrue(gate.enter());
        gate.close();
        gate.close();
        assertFalse(gate.enter());
        gate.exit();
        assertEquals(0, freed.get());
        gate.exit();
        assertEquals(1, freed.get());
    }

    @Test
    void readersAndCloserMeetExactlyOnce() throws InterruptedException {
        for (int round = 0; round < 300; round++) {
            AtomicInteger freed = new AtomicInteger();
            AtomicInteger inside = new AtomicInteger();
            ReaderGate gate =
                    new ReaderGate(() -> {
                        assertEquals(0, inside.get());
                        freed.incrementAndGet();
                    });
            Thread[] readers = new Thread[3];
            for (int i = 0; i < readers.length; i++) {
                readers[i] =
                        new Thread(() -> {
                            while (gate.enter()) {
                                inside.incrementAndGet();
                                inside.decrementAndGet();
                                gate.exit();
                            }
                        });
                readers[i].start();
            }
            gate.close();
            for (Thread reader : readers) {
                reader.join();
            }
            assertEquals(1, freed.get());
        }
    }
}
