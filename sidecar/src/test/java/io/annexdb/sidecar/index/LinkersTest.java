package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.concurrent.TimeUnit;

/** When a linker lets a transaction that comes go first. */
class LinkersTest {
    private static final int FEW = 10;
    private static final int MANY = 10_000;
    private static final long AT_LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(15);

    private final Linkers linkers = new Linkers(1, new ScratchPool(), () -> {});

    private long steppedBackNanos(int fresh) {
        long began = System.nanoTime();
        linkers.stepBack(fresh);
        return System.nanoTime() - began;
    }

    private void assertAtOnce(int fresh, Runnable before, String message) {
        // The scheduler may take its time now and then, but not each time.
        for (int i = 0; i < 20; i++) {
            before.run();
            if (steppedBackNanos(fresh) < AT_LEAST_NANOS / 2) {
                return;
            }
        }
        throw new AssertionError(message);
    }

    @Test
    void aTransactionThatComesIsWaitedForButNotLong() {
        long began = System.nanoTime();
        linkers.transactionComes();
        linkers.stepBack(FEW);
        assertTrue(System.nanoTime() - began > AT_LEAST_NANOS, "not waited for");
        assertAtOnce(FEW, () -> {}, "waits for a transaction whose time is over");
    }

    @Test
    void oneThatIsAppliedIsNot() {
        assertAtOnce(
                FEW,
                () -> {
                    linkers.transactionComes();
                    linkers.transactionCame();
                },
                "waits for a transaction that is applied");
    }

    @Test
    void whereManyRowsAreFreshNothingIsWaitedFor() {
        assertAtOnce(MANY, linkers::transactionComes, "rows are left to the scan of fresh ones");
    }
}
