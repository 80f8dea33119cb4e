package io.annexdb.sidecar.ingest;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One thread that does slow jobs one at a time, in order. After a failure it rests, 0.2 s and up to
 * 30 s; whoever wants the job done submits it again.
 */
final class SlowJobs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SlowJobs.class);

    private static final long PAUSE_MIN_MILLIS = 200;
    private static final long PAUSE_MAX_MILLIS = 30_000;

    private final Runnable afterEach;
    private final Thread thread;
    private final Deque<SlowJob> jobs = new ArrayDeque<>();
    private @Nullable SlowJob current;
    private boolean closed;
    private volatile @Nullable String error;

    /** The action runs in the jobs' thread after each job that was done. */
    SlowJobs(Runnable afterEach) {
        this.afterEach = afterEach;
        this.thread = Thread.ofPlatform().daemon().name("annex-copy").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    synchronized void submit(SlowJob job) {
        jobs.addLast(job);
        notifyAll();
    }

    /** The job that runs now. */
    synchronized Optional<SlowJob> current() {
        return Optional.ofNullable(current);
    }

    /** Why the last job failed; empty once one was done. */
    Optional<String> error() {
        return Optional.ofNullable(error);
    }

    /** Whether such a job waits or runs. */
    synchronized boolean has(Predicate<SlowJob> which) {
        SlowJob running = current;
        return (running != null && which.test(running)) || jobs.stream().anyMatch(which);
    }

    /** Tells all jobs that wait or run. */
    synchronized void tell(Consumer<SlowJob> message) {
        jobs.forEach(message);
        SlowJob running = current;
        if (running != null) {
            message.accept(running);
        }
    }

    synchronized void cancel(Predicate<SlowJob> which) {
        jobs.removeIf(which);
        SlowJob running = current;
        if (running != null && which.test(running)) {
            running.cancel();
        }
    }

    /**
     * Cancels all and waits at most 1 s. Not by an interrupt, which would close the index files.
     */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        cancel(job -> true);
        try {
            thread.join(1_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        long pauseMillis = 0;
        for (SlowJob job = next(); job != null; job = next()) {
            try {
                job.run();
                error = null;
                pauseMillis = 0;
            } catch (Exception | Error e) {
                failed(job, e);
                pauseMillis =
                        Math.min(Math.max(PAUSE_MIN_MILLIS, 2 * pauseMillis), PAUSE_MAX_MILLIS);
            } finally {
                done();
            }
            if (pauseMillis == 0) {
                afterEach.run();
            } else {
                pause(pauseMillis);
            }
        }
    }

    private void failed(SlowJob job, Throwable e) {
        String text = job.subject() + " ended early: " + e.getMessage();
        if (!text.equals(error)) {
            LOG.warn("{}", text);
            LOG.debug("Cause", e);
        }
        error = text;
    }

    /** Ends early when jobs are closed. */
    private synchronized void pause(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        try {
            for (long rest = millis; rest > 0 && !closed; ) {
                wait(rest);
                rest = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized @Nullable SlowJob next() {
        while (jobs.isEmpty() && !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                return null;
            }
        }
        current = closed ? null : jobs.pollFirst();
        return current;
    }

    private synchronized void done() {
        current = null;
    }
}
