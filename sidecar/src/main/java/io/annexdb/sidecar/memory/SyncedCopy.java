package io.annexdb.sidecar.memory;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the data directory would be after a power failure: a copy beside it that gets each file's
 * bytes when they are fsynced, and each name when its directory is. A test gives {@code
 * -Dannex.synced-copy=<data directory>}, kills the process, and goes on with {@code <data
 * directory>.synced} in its place. Without the property every call is a branch that the compiler
 * drops.
 *
 * <p>Whoever fsyncs says so here afterwards; an fsync that does not is one that the tests lose.
 */
public final class SyncedCopy {
    private static final @Nullable SyncedCopy COPY = of(System.getProperty("annex.synced-copy"));

    private final Path original;
    private final Path copy;
    private final Path contents;

    /** By a file's identity, which survives renames, the copy of its bytes. */
    private final Map<Object, Path> synced = new HashMap<>();

    /** Files whose copy is as long as the last fsync left them: the rest is appended. */
    private final Set<Object> appended = new HashSet<>();

    private int number;

    private SyncedCopy(Path original) throws IOException {
        this.original = original.toAbsolutePath();
        copy = this.original.resolveSibling(original.getFileName() + ".synced");
        contents = copy.resolve(".contents");
        Files.createDirectories(contents);
        if (Files.isDirectory(this.original)) {
            try (Stream<Path> files = Files.walk(this.original)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    synced.put(key(file), place(file));
                }
            }
        }
    }

    private static @Nullable SyncedCopy of(@Nullable String original) {
        try {
            return original == null ? null : new SyncedCopy(Path.of(original));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All bytes of the file are on disk. */
    public static void fileSynced(Path file) throws IOException {
        if (COPY != null) {
            COPY.take(file.toAbsolutePath(), Files.size(file), false);
        }
    }

    /**
     * So many bytes of a file to which one only appends are on disk.
     *
     * @param bytes its length before the fsync began
     */
    public static void logSynced(Path file, long bytes) throws IOException {
        if (COPY != null) {
            COPY.take(file.toAbsolutePath(), bytes, true);
        }
    }

    /** A file was created or emptied: what is known of another that had its number is void. */
    public static void fileCreated(Path file) throws IOException {
        if (COPY != null) {
            COPY.forget(file.toAbsolutePath());
        }
    }

    /** The names in the directory are on disk. */
    public static void directorySynced(Path directory) throws IOException {
        if (COPY != null) {
            COPY.takeNames(directory.toAbsolutePath());
        }
    }

    private synchronized void forget(Path file) throws IOException {
        Object key = key(file);
        synced.remove(key);
        appended.remove(key);
    }

    private synchronized void take(Path file, long bytes, boolean isLog) throws IOException {
        if (!file.startsWith(original)) {
            return;
        }
        Object key = key(file);
        Path old = synced.get(key);
        if (isLog && old != null && appended.contains(key)) {
            copyBytes(file, old, Files.size(old), bytes);
            return;
        }
        Path fresh = nextContent();
        copyBytes(file, fresh, 0, bytes);
        boolean isNamed =
                old != null && Files.exists(place(file)) && Files.isSameFile(old, place(file));
        synced.put(key, fresh);
        if (isLog) {
            appended.add(key);
        }
        if (isNamed) {
            link(fresh, place(file));
        }
    }

    private static void copyBytes(Path file, Path target, long from, long to) throws IOException {
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
                FileChannel out =
                        FileChannel.open(
                                target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(1 << 18);
            for (long at = from; at < to; ) {
                block.clear().limit((int) Math.min(block.capacity(), to - at));
                if (in.read(block, at) < 0) {
                    return;
                }
                at += out.write(block.flip(), at);
            }
        }
    }

    private synchronized void takeNames(Path directory) throws IOException {
        if (!directory.startsWith(original)) {
            return;
        }
        Path target = place(directory);
        Files.createDirectories(target);
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                if (Files.isDirectory(entry)) {
                    Files.createDirectories(place(entry));
                } else {
                    takeName(entry);
                }
            }
        }
        try (Stream<Path> entries = Files.list(target)) {
            for (Path entry : entries.toList()) {
                Path name = directory.resolve(target.relativize(entry));
                if (!entry.equals(contents) && !Files.exists(name)) {
                    delete(entry);
                }
            }
        }
    }

    private void takeName(Path file) throws IOException {
        Path content = synced.get(key(file));
        if (content == null) {
            content = nextContent();
            Files.createFile(content);
            synced.put(key(file), content);
        }
        if (!content.equals(place(file))) {
            link(content, place(file));
        }
    }

    private void link(Path content, Path name) throws IOException {
        Path link = contents.resolve("link");
        Files.deleteIfExists(link);
        Files.createLink(link, content);
        // To rename one name of a file onto another one of it does nothing.
        Files.deleteIfExists(name);
        Files.move(link, name, StandardCopyOption.ATOMIC_MOVE);
    }

    private Path nextContent() {
        return contents.resolve(Integer.toString(number++));
    }

    private static void delete(Path entry) throws IOException {
        try (Stream<Path> files = Files.walk(entry)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Path place(Path file) {
        return copy.resolve(original.relativize(file));
    }

    private static Object key(Path file) throws IOException {
        return Objects.requireNonNull(
                Files.readAttributes(file, BasicFileAttributes.class).fileKey());
    }
}
