package io.annexdb.benchmarks.ann.engine;

import java.util.Locale;
import java.util.function.Consumer;

/** Tells of progress: at most five messages a second, and one for each new task. */
final class ProgressMessages implements Engine.BuildProgress {
    private static final long EVERY_NANOS = 200_000_000;

    private final Consumer<Message> send;
    private volatile long nextNanos = System.nanoTime();
    private volatile String task = "";

    ProgressMessages(Consumer<Message> send) {
        this.send = send;
    }

    @Override
    public void at(String newTask, long done, long total) {
        long now = System.nanoTime();
        if (now - nextNanos >= 0 || done == total || !newTask.equals(task)) {
            nextNanos = now + EVERY_NANOS;
            task = newTask;
            send.accept(
                    Message.of("progress")
                            .with("task", newTask.toLowerCase(Locale.ROOT))
                            .with("done", done)
                            .with("total", total));
        }
    }
}
