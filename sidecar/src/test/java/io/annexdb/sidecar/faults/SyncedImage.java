package io.annexdb.sidecar.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What a disk would have of a data directory after a power failure. A sidecar that is started with
 * {@link #flag} keeps it beside the directory.
 */
final class SyncedImage {
    private final Path directory;
    private final Path image;

    SyncedImage(Path directory) {
        this.directory = directory;
        this.image = directory.resolveSibling(directory.getFileName() + ".synced");
    }

    /** With it a sidecar tells what was fsynced. */
    String flag() {
        return "-Dannex.synced-copy=" + directory;
    }

    /**
     * Gives the data directory of a sidecar that was killed the contents that it would have after a
     * power failure: what was fsynced, and of what was appended since, any part.
     */
    void loseUnsynced(Random random) throws IOException {
        delete(image.resolve(".contents"));
        try (Stream<Path> files = Files.walk(image)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path written = directory.resolve(image.relativize(file));
                if (file.getFileName().toString().startsWith("log-") && Files.exists(written)) {
                    keepPartOfTail(file, written, random);
                }
            }
        }
        delete(directory);
        Files.move(image, directory);
        begin();
    }

    /** To be called before the sidecar is next started with {@link #flag}. */
    void begin() throws IOException {
        delete(image);
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                Files.copy(file, image.resolve(directory.relativize(file)));
            }
        }
    }

    private static void keepPartOfTail(Path file, Path written, Random random) throws IOException {
        byte[] all = Files.readAllBytes(written);
        int synced = (int) Files.size(file);
        if (all.length > synced && random.nextBoolean()) {
            int kept = synced + random.nextInt(all.length - synced);
            Files.write(file, Arrays.copyOf(all, kept));
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
