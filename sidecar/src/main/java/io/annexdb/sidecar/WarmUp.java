package io.annexdb.sidecar;

import io.annexdb.sidecar.command.CommandService;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.query.NodeStatus;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * After a start over existing files: searches for rows of the indexes as soon as they serve, so
 * that the JVM has compiled what the first clients need. It pauses while a client's request is at
 * work, and {@code /ready} waits for its end.
 */
final class WarmUp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    private static final long POLL_MILLIS = 50;

    private final IndexRegistry registry;
    private final CommandService commands;
    private final Supplier<NodeStatus> status;
    private final BooleanSupplier busy;
    private final long nanosMost;
    private final Thread thread;
    private volatile boolean done;
    private volatile boolean closed;

    /**
     * @param commands counts what is asked of it apart from what clients ask
     * @param busy whether a client's request is at work
     * @param atMost how long it searches; with zero {@code /ready} waits only until the indexes
     *     that are on disk serve
     */
    WarmUp(
            IndexRegistry registry,
            CommandService commands,
            Supplier<NodeStatus> status,
            BooleanSupplier busy,
            Duration atMost) {
        this.registry = registry;
        this.commands = commands;
        this.status = status;
        this.busy = busy;
        this.nanosMost = atMost.toNanos();
        this.done = registry.onDisk().isEmpty();
        this.thread = Thread.ofPlatform().daemon().name("annex-warm-up").unstarted(this::run);
    }

    void start() {
        if (!done) {
            thread.start();
        }
    }

    /** Why {@code /ready} has to wait, also for the warm-up. */
    List<String> obstacles(NodeStatus now) {
        List<String> obstacles = now.obstacles();
        return obstacles.isEmpty() && !done ? List.of("warming up") : obstacles;
    }

    private void run() {
        try {
            NodeStatus now = status.get();
            while (!closed && isStarting(now)) {
                Thread.sleep(POLL_MILLIS);
                now = status.get();
            }
            search();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("The warm-up ended early", e);
        } finally {
            done = true;
        }
    }

    private boolean isStarting(NodeStatus now) {
        boolean isServing = !now.indexes().isEmpty() && now.obstacles().isEmpty();
        return !isServing && !registry.onDisk().isEmpty();
    }

    private void search() throws InterruptedException {
        Random random = new Random(1);
        long began = System.nanoTime();
        int searches = 0;
        while (!closed && System.nanoTime() - began < nanosMost) {
            if (busy.getAsBoolean()) {
                Thread.sleep(1);
                continue;
            }
            int before = searches;
            for (VectorIndex shard : registry.open()) {
                float[] query = shard.reads().sample(random.nextDouble()).orElse(null);
                if (query != null) {
                    commands.rehearse(
                            "\"index\":%d,\"k\":10,\"consistency\":\"eventual\",\"query\":%s"
                                    .formatted(
                                            shard.definition().index().id(),
                                            Arrays.toString(query)));
                    searches++;
                }
            }
            if (searches == before) {
                break;
            }
        }
        LOG.info(
                "warmed up by {} searches in {} ms",
                searches,
                Duration.ofNanos(System.nanoTime() - began).toMillis());
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join(2_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
