package io.annexdb.benchmarks.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

class WorkFolderTest {
    @TempDir private Path parent = Path.of("");

    @Test
    void whatAKilledRunHasLeftGoesWithTheNext() throws Exception {
        Process run =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Run.class.getName(),
                                parent.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        Path folder;
        try {
            folder = Path.of(run.inputReader().readLine());
            assertTrue(Files.exists(folder.resolve("deep/file")));
            WorkFolder.in(parent, "bench-").close();
            assertTrue(Files.exists(folder.resolve("deep/file")), "its run goes on");
        } finally {
            run.destroyForcibly();
        }
        assertTrue(run.waitFor(30, TimeUnit.SECONDS));
        assertTrue(Files.exists(folder), "killed, it could not clean up");
        WorkFolder.in(parent, "stream-").close();
        assertTrue(Files.exists(folder), "of another kind");
        WorkFolder.in(parent, "bench-").close();
        assertFalse(Files.exists(folder));
    }

    /** Takes a folder and waits to be killed. */
    static final class Run {
        private Run() {}

        public static void main(String[] arguments) throws Exception {
            WorkFolder folder = WorkFolder.in(Path.of(arguments[0]), "bench-");
            Files.createDirectories(folder.path().resolve("deep"));
            Files.writeString(folder.path().resolve("deep/file"), "x");
            System.out.println(folder.path());
            Thread.sleep(60_000);
        }
    }

    @Test
    void oneWithoutALockGoesAfterADay() throws IOException {
        Path fresh = Files.createDirectory(parent.resolve("bench-1"));
        Path old = Files.createDirectory(parent.resolve("bench-2"));
        Instant before = Instant.now().minus(Duration.ofHours(25));
        Files.setLastModifiedTime(old, FileTime.from(before));
        try (WorkFolder first = WorkFolder.in(parent, "bench-");
                WorkFolder second = WorkFolder.in(parent, "bench-")) {
            assertTrue(Files.exists(fresh));
            assertFalse(Files.exists(old));
            assertTrue(Files.exists(first.path()), "in use by this process");
            assertTrue(Files.exists(second.path()));
        }
        assertEquals(1, parent.toFile().list().length);
    }
}
