package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of one shard: {@code log-<n>}, and {@code graph} and {@code codes}, or {@code lists}
 * with {@code blocks-<n>}; {@code graph.1} and {@code graph.2} are the checkpoints before. Every
 * new numbering of slots that does not come from the log itself starts a log with the next number.
 *
 * @param directory the shard's directory
 */
record ShardFiles(Path directory) {
    private static final Logger LOG = LoggerFactory.getLogger(ShardFiles.class);
    private static final String LOG_PREFIX = "log-";
    private static final String BLOCKS_PREFIX = "blocks-";

    /** A shard's files in the sidecar's directory. */
    static ShardFiles of(IndexSettings settings, ShardKey key) {
        return new ShardFiles(settings.directory().resolve(key.toString()));
    }

    /** The shards that have files in a directory. */
    static Set<ShardKey> shards(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(Files::isDirectory)
                    .map(entry -> Manifest.shardKey(entry.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw failed("list", directory, e);
        }
    }

    /** Whether the files of one definition serve another one as they are. */
    static boolean fit(ShardDefinition one, ShardDefinition other) {
        return graphFingerprint(one) == graphFingerprint(other)
                && one.index().options().lists().equals(other.index().options().lists())
                && one.index().method() == other.index().method();
    }

    Path log(long number) {
        return directory.resolve(LOG_PREFIX + number);
    }

    Path graph() {
        return directory.resolve("graph");
    }

    /** The graph's checkpoints, the newest first; not all of them need be there. */
    List<Path> graphs() {
        return Stream.of("graph", "graph.1", "graph.2").map(directory::resolve).toList();
    }

    /** Puts a complete, fsynced graph in the first place; the others move on, the last one goes. */
    void keepGraph() throws IOException {
        List<Path> graphs = graphs();
        for (int i = graphs.size() - 1; i > 0; i--) {
            if (Files.exists(graphs.get(i - 1))) {
                Files.move(
                        graphs.get(i - 1),
                        graphs.get(i),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
        replace(newGraph(), graph());
    }

    Path newGraph() {
        return directory.resolve("graph.new");
    }

    Path codes() {
        return directory.resolve("codes");
    }

    Path newCodes() {
        return directory.resolve("codes.new");
    }

    Path lists() {
        return directory.resolve("lists");
    }

    Path newLists() {
        return directory.resolve("lists.new");
    }

    Path blocks(long number) {
        return directory.resolve(BLOCKS_PREFIX + number);
    }

    /** A number that no file of blocks here has, greater than all. */
    long nextBlocks() {
        return numbers(BLOCKS_PREFIX).stream().reduce(0L, Math::max) + 1;
    }

    /** Deletes the blocks that came before these; whoever still reads them has them mapped. */
    void deleteBlocksBefore(long number) {
        for (long other : numbers(BLOCKS_PREFIX)) {
            if (other < number) {
                deleteQuietly(blocks(other));
            }
        }
    }

    void create() {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw failed("create", directory, e);
        }
    }

    /** Numbers of the logs here, in order. */
    List<Long> logs() {
        return numbers(LOG_PREFIX);
    }

    private List<Long> numbers(String prefix) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches(prefix + "\\d{1,18}"))
                    .map(name -> Long.valueOf(name.substring(prefix.length())))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw failed("list", directory, e);
        }
    }

    long bytes() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Removes the directory with all that is in it. */
    void delete() {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.warn("could not delete {}", directory, e);
        }
    }

    static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("could not delete {}", file, e);
        }
    }

    /** Puts a complete, fsynced file in place of another, durable when it returns. */
    static void replace(Path complete, Path target) throws IOException {
        Files.move(
                complete,
                target,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        Failpoint.FILE_REPLACED.pass();
        Path parent = target.getParent();
        if (parent != null) {
            forceDirectory(parent);
        }
    }

    /** Makes the names in a directory durable, also when the caller is interrupted. */
    static void forceDirectory(Path directory) throws IOException {
        boolean interrupted = Thread.interrupted();
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
            SyncedCopy.directorySynced(directory);
            Failpoint.DIRECTORY_SYNCED.pass();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A number that differs when the rows of the log would mean something else. */
    static long logFingerprint(ShardDefinition shard) {
        IndexDefinition index = shard.index();
        return fingerprint(
                String.join(
                        "\n",
                        Long.toString(shard.originId()),
                        Long.toString(shard.relationOid()),
                        index.column(),
                        index.metric().sqlName(),
                        index.elements().name(),
                        String.join(",", index.keyColumns()),
                        String.valueOf(index.namespaceColumn()),
                        index.include().toString()));
    }

    /** A number that differs when the graph would be another one. */
    static long graphFingerprint(ShardDefinition shard) {
        return logFingerprint(shard) * 31
                + fingerprint(
                        shard.index().options().m()
                                + "\n"
                                + shard.index().options().efConstruction());
    }

    /** A number that differs when the codes would be others. */
    static long codesFingerprint(ShardDefinition shard) {
        return logFingerprint(shard) * 31
                + fingerprint(shard.index().options().quantization().name());
    }

    /** A number that differs when the lists would be others; how they are searched is no part. */
    static long listsFingerprint(ShardDefinition shard) {
        IndexOptions options = shard.index().options();
        return logFingerprint(shard) * 31
                + fingerprint(
                        options.lists().lists()
                                + "\n"
                                + options.m()
                                + "\n"
                                + options.lists().bits());
    }

    private static long fingerprint(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xFF)) * 0x100000001b3L;
        }
        return hash;
    }

    static AnnexException failed(String what, Path path, IOException e) {
        return new AnnexException(
                ErrorCode.OUT_OF_RESOURCES,
                "could not " + what + " " + path + ": " + e.getMessage(),
                "Check free space, health and permissions of the data directory.",
                e);
    }
}
