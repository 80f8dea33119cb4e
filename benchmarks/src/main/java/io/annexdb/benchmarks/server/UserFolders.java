package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The folders that a user's programs keep things in. */
public final class UserFolders {
    private UserFolders() {}

    /**
     * {@code $XDG_CACHE_HOME/annex}, or {@code ~/.cache/annex}: safe to delete at any time. Made
     * when it is missing, for its owner only, because programs are run from it.
     */
    public static Path cache() throws IOException {
        String configured = System.getenv("XDG_CACHE_HOME");
        Path base =
                configured == null || configured.isBlank()
                        ? home().resolve(".cache")
                        : Path.of(configured);
        Path folder = base.resolve("annex").toAbsolutePath();
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        return folder;
    }

    /** The variable first: a user whom the system does not know may have no other. */
    private static Path home() {
        String variable = System.getenv("HOME");
        return Path.of(
                variable == null || variable.isBlank()
                        ? System.getProperty("user.home")
                        : variable);
    }
}
