package io.annexdb.sidecar.faults;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the steps of a long run: the fault that is farthest from its goal, with a seed that no
 * run has had. Runs beside each other share a file of locks, a byte for each fault and seed, so
 * that none takes what another has begun; the system frees what a run that died had.
 */
final class Turns implements AutoCloseable {
    private static final long SEEDS = 1L << 31;

    private final List<Kind> kinds;
    private final Report report;
    private final FileChannel locks;

    /** A step to take; nobody else takes it before it is in the report and closed. */
    record Turn(Kind kind, long seed, FileLock lock) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            lock.release();
        }
    }

    /** How far a fault is from its goal. */
    private record Share(Kind kind, double tried) {}

    Turns(List<Kind> kinds, Report report, Path lockFile) throws IOException {
        this.kinds = kinds;
        this.report = report;
        locks = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** The next step; null when all faults have reached their goals. */
    @Nullable Turn next() throws IOException {
        List<Kind> left = new ArrayList<>();
        for (Kind kind : farthestFirst()) {
            if (report.done(kind.name()) < kind.goal()) {
                left.add(kind);
            }
        }
        for (int ahead = 0; !left.isEmpty(); ahead++) {
            for (Kind kind : left) {
                Turn turn = take(kind, report.nextSeed(kind.name()) + ahead);
                if (turn != null) {
                    return turn;
                }
            }
        }
        return null;
    }

    /** By what was tried: a fault that fails does not come before all others again and again. */
    List<Kind> farthestFirst() throws IOException {
        List<Share> shares = new ArrayList<>();
        for (Kind kind : kinds) {
            shares.add(new Share(kind, (double) report.tried(kind.name()) / kind.goal()));
        }
        return shares.stream()
                .sorted(Comparator.comparingDouble(Share::tried))
                .map(Share::kind)
                .toList();
    }

    private @Nullable Turn take(Kind kind, long seed) throws IOException {
        long place = (kind.name().hashCode() & Integer.MAX_VALUE) * SEEDS + seed % SEEDS;
        FileLock lock;
        try {
            lock = locks.tryLock(place, 1, false);
        } catch (OverlappingFileLockException e) {
            // Another run of this process has it.
            return null;
        }
        if (lock != null && report.has(kind.name(), seed)) {
            // It has just been ended.
            lock.release();
            return null;
        }
        return lock == null ? null : new Turn(kind, seed, lock);
    }

    @Override
    public void close() throws IOException {
        locks.close();
    }
}
