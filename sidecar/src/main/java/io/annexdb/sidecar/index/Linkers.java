package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.memory.ThreadPriority;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that link fresh rows into the graphs, write checkpoints and compact. A shard with
 * work stands in the queue; who takes it puts it back at once if there is more than one batch, so
 * that others help. While searches run or a transaction comes, and few rows are fresh, linkers step
 * back.
 */
final class Linkers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Linkers.class);
    private static final long STEP_BACK_NANOS = 50_000;
    private static final int STEP_BACKS_MAX = 4;

    /** With more fresh rows than this, a scan of them costs about what a walk over codes does. */
    private static final int FRESH_MAX = 512;

    /** A transaction that is about to be seen is waited for, so long at most, a bit at a time. */
    private static final long ARRIVAL_NANOS_MAX = 20_000_000;

    private static final long ARRIVAL_STEP_NANOS = 200_000;

    private static final long IDLE_SECONDS = 5;

    private final LinkedBlockingQueue<Optional<BackgroundWork>> queue = new LinkedBlockingQueue<>();
    private final ScratchPool scratches;
    private final Runnable lookAround;
    private final Thread[] threads;
    private volatile boolean stopped;
    private volatile long arrivedByNanos = System.nanoTime();

    /**
     * @param lookAround called now and then when nothing is to be done: some work is due after a
     *     time without any
     */
    Linkers(int count, ScratchPool scratches, Runnable lookAround) {
        this.scratches = scratches;
        this.lookAround = lookAround;
        threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            threads[i] =
                    Thread.ofPlatform()
                            .daemon()
                            .name("annex-linker-" + (i + 1))
                            .unstarted(this::run);
        }
    }

    void start() {
        for (Thread thread : threads) {
            thread.start();
        }
    }

    /** There may be work for this shard. */
    void wake(BackgroundWork shard) {
        if (shard.enqueue()) {
            queue.add(Optional.of(shard));
        }
    }

    private void run() {
        // Where processors are short, searches and commits that are to be seen go first.
        ThreadPriority.lower();
        Scratch scratch = new Scratch();
        while (true) {
            try {
                Optional<BackgroundWork> next = queue.poll(IDLE_SECONDS, TimeUnit.SECONDS);
                if (next == null) {
                    lookAround.run();
                    continue;
                }
                if (next.isEmpty() || stopped) {
                    return;
                }
                next.get().dequeue();
                next.get().run(scratch);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException | Error e) {
                LOG.error("a linker failed; the rows are found by exact scan, only slower", e);
            }
        }
    }

    /**
     * A transaction has begun to come. That linkers have a low priority is of no use to the server
     * that sends it: the scheduler weighs them against threads of their own process, or container,
     * only, and the server may wait for a linker's whole time slice again and again.
     */
    void transactionComes() {
        arrivedByNanos = System.nanoTime() + ARRIVAL_NANOS_MAX;
    }

    /** It is applied. */
    void transactionCame() {
        arrivedByNanos = System.nanoTime();
    }

    /** Called before each row is linked. */
    void stepBack(int fresh) {
        while (fresh < FRESH_MAX && arrivedByNanos - System.nanoTime() > 0) {
            LockSupport.parkNanos(ARRIVAL_STEP_NANOS);
        }
        for (int i = 0; i < STEP_BACKS_MAX && fresh < FRESH_MAX; i++) {
            if (scratches.searching() == 0) {
                return;
            }
            LockSupport.parkNanos(STEP_BACK_NANOS);
        }
    }

    @Override
    public void close() {
        // Not by interrupting: an interrupt would close the files that a linker is writing.
        stopped = true;
        boolean interrupted = false;
        for (int i = 0; i < threads.length; i++) {
            queue.add(Optional.empty());
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
