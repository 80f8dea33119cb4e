package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.FileVerdict.Verdict;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.ShardKey;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Checks the data directory of a stopped sidecar: all checksums, and what the files say of each
 * other. Changes nothing, and finds out nothing about the table.
 */
public final class CheckFiles {
    private CheckFiles() {}

    /**
     * Checks all files.
     *
     * @throws AnnexException CONFIGURATION while a sidecar has the directory open, or if there is
     *     none; OUT_OF_RESOURCES if it cannot be read
     */
    public static List<FileVerdict> run(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    directory + " is no directory",
                    "Give the data-directory of a sidecar.");
        }
        if (!Files.exists(directory.resolve("lock"))) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    directory + " is not the data directory of a sidecar: it has no file \"lock\"",
                    "Give the data-directory of a sidecar.");
        }
        try (FileChannel _ = LockDirectory.lock(directory)) {
            return check(directory);
        } catch (IOException e) {
            throw ShardFiles.failed("read", directory, e);
        }
    }

    private static List<FileVerdict> check(Path directory) throws IOException {
        List<FileVerdict> verdicts = new ArrayList<>();
        TreeMap<String, ShardKey> shards = new TreeMap<>();
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(Files::isDirectory)
                    .map(entry -> entry.getFileName().toString())
                    .forEach(name ->
                            Manifest.shardKey(name).ifPresent(key -> shards.put(name, key)));
        }
        Manifest manifest = manifest(directory, !shards.isEmpty(), verdicts);
        shards.forEach((name, key) ->
                verdicts.addAll(
                        CheckShard.run(
                                new ShardFiles(directory.resolve(name)),
                                manifest.logs().get(key))));
        manifest.logs().keySet().stream()
                .filter(key -> !shards.containsValue(key))
                .forEach(key ->
                        verdicts.add(
                                new FileVerdict(
                                        key + "/", Verdict.MISSING, 0, "the manifest names it")));
        return verdicts;
    }

    private static Manifest manifest(Path directory, boolean isNeeded, List<FileVerdict> verdicts) {
        Path path = directory.resolve("manifest");
        Verdict verdict = Verdict.GOOD;
        String detail;
        Manifest found = Manifest.EMPTY;
        try {
            Optional<Manifest> read = Manifest.read(path);
            found = read.orElse(Manifest.EMPTY);
            detail = "at %s, %d shards".formatted(found.lsn(), found.logs().size());
            if (read.isEmpty() && isNeeded) {
                verdict = Verdict.MISSING;
                detail = "there are shards, which are compared with their tables";
            }
        } catch (IOException e) {
            verdict = Verdict.DAMAGED;
            detail = String.valueOf(e.getMessage());
        }
        verdicts.add(new FileVerdict("manifest", verdict, path.toFile().length(), detail));
        return found;
    }
}
