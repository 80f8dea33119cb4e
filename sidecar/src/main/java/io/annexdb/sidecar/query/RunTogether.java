package io.annexdb.sidecar.query;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * Runs the parts of a request on its own thread and on others that are free. Helpers take a part
 * only while requests and helpers together are no more than the threads, so that a batch never
 * takes a processor from requests that have only their own thread.
 */
public final class RunTogether {
    private final Executor helpers;
    private final int threads;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger helping = new AtomicInteger();

    /**
     * @param helpers runs what it is given at once, or never
     * @param threads requests and helpers that may be at work together, from 1
     */
    public RunTogether(Executor helpers, int threads) {
        this.helpers = helpers;
        this.threads = threads;
    }

    /** Without helpers. */
    public static RunTogether alone() {
        return new RunTogether(help -> {}, 1);
    }

    /** Whether a request is at work. */
    public boolean isBusy() {
        return requests.get() > 0;
    }

    int threads() {
        return threads;
    }

    /**
     * Runs parts 0 to count - 1, each once, in any order; returns when all have ended. After the
     * first that failed no other begins, and its failure is thrown.
     */
    void run(int count, IntConsumer part) {
        requests.incrementAndGet();
        try {
            if (count == 1 || threads == 1) {
                for (int i = 0; i < count; i++) {
                    part.accept(i);
                }
                return;
            }
            Parts parts = new Parts(count, part);
            int wanted = Math.min(count - 1, threads - requests.get() - helping.get());
            for (int i = 0; i < wanted; i++) {
                helpers.execute(() -> help(parts));
            }
            while (parts.runNext()) {}
            parts.await();
        } finally {
            requests.decrementAndGet();
        }
    }

    private void help(Parts parts) {
        boolean more = true;
        while (more) {
            boolean isRoom = helping.incrementAndGet() + requests.get() <= threads;
            more = isRoom && parts.runNext();
            helping.decrementAndGet();
        }
    }

    private static final class Parts {
        private final int count;
        private final IntConsumer part;
        private final AtomicInteger next = new AtomicInteger();
        private final CountDownLatch unfinished;
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Parts(int count, IntConsumer part) {
            this.count = count;
            this.part = part;
            unfinished = new CountDownLatch(count);
        }

        /** False when all have begun. */
        boolean runNext() {
            int number = next.getAndIncrement();
            if (number >= count) {
                return false;
            }
            try {
                if (failure.get() == null) {
                    part.accept(number);
                }
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                unfinished.countDown();
            }
            return true;
        }

        /** Not ended by an interrupt: others still use what the request has. */
        void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    unfinished.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            switch (failure.get()) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case null, default -> {}
            }
        }
    }
}
