package io.annexdb.benchmarks.ann.dataset;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Recognises files by name, length and time of change, so that a cached copy is not outdated. */
final class FileFingerprint {
    private FileFingerprint() {}

    static String of(Path file, @Nullable Path second) {
        String name = String.valueOf(file.getFileName()).replaceAll("[^A-Za-z0-9._-]", "_");
        long hash = hash(file) * 31 + (second == null ? 0 : hash(second));
        return name + "-" + Long.toHexString(hash);
    }

    private static long hash(Path file) {
        try {
            return 31L * (31L * Files.getLastModifiedTime(file).toMillis() + Files.size(file))
                    + file.toAbsolutePath().hashCode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
