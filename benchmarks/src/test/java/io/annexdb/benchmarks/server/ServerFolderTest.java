package io.annexdb.benchmarks.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

class ServerFolderTest {
    @TempDir private Path parent = Path.of("");

    @Test
    void secretsAreMadeOnceAndForTheOwnerOnly() throws IOException {
        String secret;
        try (ServerFolder folder = ServerFolder.at(parent.resolve("data"))) {
            secret = Files.readString(folder.secret()).strip();
            assertEquals(64, secret.length());
            assertEquals("rw-------", permissions(folder.secret()));
            assertEquals("rwx------", permissions(folder.path()));
        }
        try (ServerFolder folder = ServerFolder.at(parent.resolve("data"))) {
            assertEquals(secret, Files.readString(folder.secret()).strip());
        }
    }

    @Test
    void aFolderOfSomethingElseIsRefusedAndLeftAlone() throws IOException {
        Files.writeString(parent.resolve("letter.txt"), "dear");
        assertThrows(IllegalArgumentException.class, () -> ServerFolder.at(parent));
        try (Stream<Path> entries = Files.list(parent)) {
            assertEquals(1, entries.count());
        }
    }

    @Test
    void aFolderHasOneUserAtATime() throws IOException {
        Path data = parent.resolve("data");
        try (ServerFolder folder = ServerFolder.at(data)) {
            assertThrows(IllegalArgumentException.class, () -> ServerFolder.at(data));
            assertFalse(folder.isTemporary());
            folder.describe(new Ports(5450, 7432, 7480));
            String refusal =
                    String.valueOf(
                            assertThrows(
                                            IllegalArgumentException.class,
                                            () -> ServerFolder.at(data))
                                    .getMessage());
            assertTrue(
                    refusal.contains(
                            "runs in %s already: process %d, PostgreSQL on port 5450, sidecar on"
                                            .formatted(data, ProcessHandle.current().pid())
                                    + " port 7432"),
                    refusal);
        }
        try (ServerFolder folder = ServerFolder.at(data)) {
            assertFalse(Files.exists(folder.path().resolve("running")));
        }
    }

    @Test
    void aTemporaryFolderGoesAwayWithAllThatIsInIt() throws IOException {
        Path path;
        try (ServerFolder folder = ServerFolder.temporary()) {
            path = folder.path();
            folder.write("sidecar.yaml", List.of("a: b"));
            Files.createDirectories(path.resolve("deep/er"));
            Files.createSymbolicLink(path.resolve("deep/out"), parent);
            assertTrue(Files.exists(folder.secret()));
        }
        assertFalse(Files.exists(path));
        assertTrue(Files.exists(parent));
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
