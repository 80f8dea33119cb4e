package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder of a development server, readable for its owner only, and locked while it is in use:
 *
 * <pre>
 * postgres/       PostgreSQL's data directory
 * sidecar/        the sidecar's index files
 * sidecar.yaml    the sidecar's configuration
 * password        of the database user postgres
 * secret          shared by the SQL functions and the sidecar
 * log/            postgres.log, sidecar.log
 * running         while it is in use: which process, and where it listens
 * </pre>
 */
public final class ServerFolder implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String RUNNING = "running";

    private final Path path;
    private final boolean temporary;
    private final FileChannel lock;

    private ServerFolder(Path path, boolean temporary, FileChannel lock) {
        this.path = path;
        this.temporary = temporary;
        this.lock = lock;
    }

    /** A folder that stays; created when it does not exist. */
    public static ServerFolder at(Path path) throws IOException {
        Path absolute = path.toAbsolutePath().normalize();
        if (Files.exists(absolute) && !isOurs(absolute)) {
            throw new IllegalArgumentException(
                    absolute
                            + " holds other files and no Annex server; give --data an empty or new"
                            + " folder");
        }
        Files.createDirectories(absolute);
        return open(absolute, false);
    }

    /** A new folder that {@link #close} deletes. */
    public static ServerFolder temporary() throws IOException {
        return open(Files.createTempDirectory("annex-"), true);
    }

    private static ServerFolder open(Path path, boolean temporary) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(path.resolve("log"));
        FileChannel lock =
                FileChannel.open(
                        path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!isLocked(lock)) {
            lock.close();
            throw new IllegalArgumentException(inUse(path));
        }
        Files.deleteIfExists(path.resolve(RUNNING));
        return new ServerFolder(path, temporary, lock);
    }

    private static String inUse(Path path) {
        String who = "another annex process";
        try {
            who = Files.readString(path.resolve(RUNNING)).strip();
        } catch (IOException e) {
            // It is about to start, or to end.
        }
        return "annex runs in %s already: %s. Use that one, or stop it first, or give another"
                        .formatted(path, who)
                + " folder with --data";
    }

    /** Tells whoever wants to use the folder as well what runs in it. */
    void describe(Ports ports) throws IOException {
        write(
                RUNNING,
                List.of(
                        "process %d, PostgreSQL on port %d, sidecar on port %d"
                                .formatted(
                                        ProcessHandle.current().pid(),
                                        ports.postgres(),
                                        ports.sidecar())));
    }

    private static boolean isLocked(FileChannel lock) throws IOException {
        try {
            return lock.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // by this very process
        }
    }

    private static boolean isOurs(Path path) throws IOException {
        if (Files.exists(path.resolve("lock"))) {
            return true;
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.findAny().isEmpty();
        }
    }

    public Path path() {
        return path;
    }

    /** Whether the folder goes away when it is closed. */
    public boolean isTemporary() {
        return temporary;
    }

    Path postgres() {
        return path.resolve("postgres");
    }

    Path sidecar() {
        return path.resolve("sidecar");
    }

    Path log(String name) {
        return path.resolve("log").resolve(name + ".log");
    }

    /** Made of 256 random bits when it is first asked for. */
    Path password() throws IOException {
        return generated("password");
    }

    /** Made of 256 random bits when it is first asked for. */
    Path secret() throws IOException {
        return generated("secret");
    }

    /** Writes a file that only the owner can read. */
    Path write(String name, List<String> lines) throws IOException {
        Path file = path.resolve(name);
        Path fresh = path.resolve(name + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(
                fresh,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(fresh, lines);
        Files.move(
                fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return file;
    }

    private Path generated(String name) throws IOException {
        Path file = path.resolve(name);
        if (Files.exists(file)) {
            return file;
        }
        byte[] bits = new byte[32];
        RANDOM.nextBytes(bits);
        return write(name, List.of(HexFormat.of().formatHex(bits)));
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path.resolve(RUNNING));
        lock.close();
        if (temporary) {
            delete(path);
        }
    }

    private static void delete(Path root) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> tree = Files.walk(root)) {
            deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path entry : deepestFirst) {
            Files.deleteIfExists(entry);
        }
    }
}
