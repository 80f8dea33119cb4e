package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.replication.SnapshotReader;

import org.jspecify.annotations.Nullable;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Reads parts of tables with all connections of a snapshot at once, each in a thread of its own,
 * the first in the caller's. The first failure ends all.
 */
final class ReadParts {
    /** Reads one part. */
    @FunctionalInterface
    interface Read {
        void part(SnapshotReader reader, ShardPart part) throws SQLException, InterruptedException;
    }

    private final Queue<ShardPart> parts;
    private final Read read;
    private volatile @Nullable Exception failure;

    private ReadParts(Collection<ShardPart> parts, Read read) {
        this.parts = new ConcurrentLinkedQueue<>(parts);
        this.read = read;
    }

    /**
     * Returns when all parts are read, in their order begun.
     *
     * @throws RuntimeException as the read that failed first, as do the others
     */
    static void run(List<SnapshotReader> readers, Collection<ShardPart> parts, Read read)
            throws SQLException, InterruptedException {
        new ReadParts(parts, read).run(readers);
    }

    private void run(List<SnapshotReader> readers) throws SQLException, InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 1; i < Math.min(readers.size(), parts.size()); i++) {
            SnapshotReader reader = readers.get(i);
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("annex-copy-" + (i + 1))
                            .start(() -> readAll(reader, readers)));
        }
        readAll(readers.getFirst(), readers);
        for (Thread thread : threads) {
            thread.join();
        }
        switch (failure) {
            case null -> {}
            case SQLException e -> throw e;
            case InterruptedException e -> throw e;
            case RuntimeException e -> throw e;
            case Exception e -> throw new IllegalStateException("a part could not be read", e);
        }
    }

    private void readAll(SnapshotReader reader, List<SnapshotReader> readers) {
        try {
            for (ShardPart part = next(); part != null; part = next()) {
                read.part(reader, part);
            }
        } catch (Exception | Error e) {
            Exception kept =
                    e instanceof Exception exception ? exception : new IllegalStateException(e);
            if (isFirst(kept)) {
                // The others would read on what nobody needs.
                readers.forEach(SnapshotReader::close);
            }
        }
    }

    private synchronized boolean isFirst(Exception e) {
        if (failure != null) {
            return false;
        }
        failure = e;
        return true;
    }

    private @Nullable ShardPart next() {
        return failure == null ? parts.poll() : null;
    }
}
