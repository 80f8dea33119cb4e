package io.annexdb.benchmarks.copy;

import io.annexdb.benchmarks.ann.DeleteFolder;
import io.annexdb.benchmarks.server.EmbeddedServer;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.ingest.Follower;
import io.annexdb.sidecar.ingest.FollowerSettings;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** What a sidecar is without its doors: a follower of the server, and its files. */
final class FollowedTable implements AutoCloseable {
    private static final long LOOK_NANOS = 2_000_000;
    private static final Duration AUDIT = Duration.ofMillis(100);

    private final FollowerSettings settings;
    private final Path directory;
    private @Nullable IndexRegistry registry;
    private @Nullable Follower follower;
    private long startedNanos;

    private FollowedTable(FollowerSettings settings, Path directory) {
        this.settings = settings;
        this.directory = directory;
    }

    /** One without files. */
    static FollowedTable at(EmbeddedServer server, ServerFolder folder, int connections)
            throws IOException {
        return new FollowedTable(
                new FollowerSettings(
                        server.jdbcUrl(),
                        EmbeddedServer.USER,
                        server.password(),
                        "bench",
                        AUDIT,
                        connections),
                Files.createTempDirectory(folder.path(), "copy-"));
    }

    void start() {
        startedNanos = System.nanoTime();
        IndexRegistry opened = IndexRegistry.open(IndexSettings.of(directory));
        registry = opened;
        Follower started = new Follower(settings, opened, new Telemetry());
        follower = started;
        started.start();
    }

    /** Waits until so many rows have come, or all have. */
    Copied awaitRows(long wanted) {
        long first = 0;
        while (true) {
            Optional<VectorIndex> index = index();
            long rows = index.map(each -> each.status().loadedRows()).orElse(0L);
            long now = System.nanoTime();
            first = first == 0 && rows > 0 ? now : first;
            boolean ready = index.isPresent() && index.get().state() == State.READY;
            if (ready || (rows >= wanted && wanted < expected(index))) {
                return new Copied(
                        rows,
                        (now - first) / 1e9,
                        (now - startedNanos) / 1e9,
                        index.orElseThrow().copied());
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private static long expected(Optional<VectorIndex> index) {
        return index.map(each -> each.status().expectedRows()).orElse(0L);
    }

    private Optional<VectorIndex> index() {
        IndexRegistry opened = registry;
        return opened == null ? Optional.empty() : opened.open().stream().findFirst();
    }

    void stop() {
        Follower started = follower;
        if (started != null) {
            started.close();
        }
        IndexRegistry opened = registry;
        if (opened != null) {
            opened.close();
        }
        follower = null;
        registry = null;
    }

    @Override
    public void close() throws IOException {
        stop();
        DeleteFolder.run(directory);
    }
}
