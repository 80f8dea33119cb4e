package io.annexdb.benchmarks.server;

import io.annexdb.benchmarks.ann.DeleteFolder;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder for the files of one run, which {@link #close} deletes. One that a killed run has left
 * is deleted by the next run of its kind: the system has released its lock.
 */
public final class WorkFolder implements AutoCloseable {
    private static final String LOCK = "in-use";

    /** A folder without a lock may be one that is just being made. */
    private static final Duration UNLOCKED_MAX = Duration.ofDays(1);

    private final Path path;
    private final FileChannel lock;

    private WorkFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * A new folder, after those of ended runs have been deleted.
     *
     * @param parent made when it is missing
     * @param prefix of the names of all folders of this kind
     */
    public static WorkFolder in(Path parent, String prefix) throws IOException {
        Files.createDirectories(parent);
        for (Path left : left(parent, prefix)) {
            deleteAbandoned(left);
        }
        Path path = Files.createTempDirectory(parent, prefix);
        FileChannel lock =
                FileChannel.open(
                        path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        lock.lock();
        return new WorkFolder(path, lock);
    }

    private static List<Path> left(Path parent, String prefix) throws IOException {
        try (Stream<Path> entries = Files.list(parent)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith(prefix))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    private static void deleteAbandoned(Path folder) {
        try {
            if (isAbandoned(folder)) {
                DeleteFolder.run(folder);
            }
        } catch (IOException e) {
            // Another user's, or deleted by another run at this moment: no reason not to run.
        }
    }

    private static boolean isAbandoned(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        if (!Files.exists(file)) {
            FileTime modified = Files.getLastModifiedTime(folder);
            return modified.toInstant().isBefore(Instant.now().minus(UNLOCKED_MAX));
        }
        try (FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE)) {
            return other.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // of this very process
        }
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        DeleteFolder.run(path);
        lock.close();
    }
}
