package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.benchmarks.progress.Progress;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/**
 * Shows how many vectors went through. The display begins with the first vector, because a source
 * may have a display of its own before.
 */
final class CountedSink implements VectorSink, AutoCloseable {
    private static final int EVERY = 1000;

    private final String task;
    private final VectorSink target;
    private @Nullable Progress progress;
    private int count;

    CountedSink(String task, VectorSink target) {
        this.task = task;
        this.target = target;
    }

    @Override
    public void accept(float[] vector) throws IOException {
        if (progress == null) {
            progress = Progress.start(task, 0);
        }
        target.accept(vector);
        if (++count % EVERY == 0) {
            progress.advanceTo(count);
        }
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.advanceTo(count);
            progress.close();
        }
    }
}
