package io.annexdb.benchmarks.progress;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

class ProgressTest {
    @Test
    void withoutATerminalTheBeginningAndTheEndAreLines() throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        try (Progress progress = Progress.plain("Load rows", 20_000, out)) {
            Thread.sleep(10);
            progress.advanceTo(20_000);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        String expected = "Load rows ...\nLoad rows: 20,000 in 0\\.\\d s \\([0-9,]+/s\\)\n";
        assertTrue(text.matches(expected), text);
    }
}
