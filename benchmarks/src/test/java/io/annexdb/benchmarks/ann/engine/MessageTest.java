package io.annexdb.benchmarks.ann.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.VectorStorage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What travels between the command and an engine's process. */
class MessageTest {
    @Test
    void isOneLine() {
        Message message =
                Message.of("built").with("seconds", 1.5).with("text", "two\nlines\tand a = b");
        assertEquals("built\tseconds=1.5\ttext=two lines and a = b", message.encode());
        assertEquals(message, Message.decode(message.encode()));
    }

    @Test
    void fieldsWithAPrefixBelongTogether() {
        Message message = Message.of("built").with("bytes", 1).withAll("param.", Map.of("m", "16"));
        assertEquals(Map.of("m", "16"), message.all("param."));
    }

    @Test
    void aMissingFieldIsNamed() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> Message.of("search").integer("ef"));
        assertTrue(String.valueOf(e.getMessage()).contains("\"ef\""), e.getMessage());
    }

    @Test
    void requestsComeThrough() {
        BuildRequest build =
                new BuildRequest(
                        Path.of("/a b/base.fbin"),
                        Path.of("/tmp/x"),
                        Metric.L2,
                        Method.FLAT,
                        Quantization.SQ8,
                        VectorStorage.MAPPED,
                        16,
                        200,
                        2,
                        0.01,
                        true);
        assertEquals(build, BuildRequest.decode(Message.decode(build.encode().encode())));
        SearchRequest search = new SearchRequest(10, 64, 2, 500, 1000);
        assertEquals(search, SearchRequest.decode(Message.decode(search.encode().encode())));
    }

    /** The JVM writes its threads to standard output when asked by a signal. */
    @Test
    void whatAProcessPrintsBesidesIsNoMessage(@TempDir Path folder) throws IOException {
        String script =
                """
                echo "> ready"; echo "Full thread dump"; echo "> progress\ttask=a\tdone=1\ttotal=2"
                read request; echo "noise"; echo "> loaded"; read quit
                """;
        try (EngineProcess engine =
                EngineProcess.start(
                        EngineKind.LUCENE,
                        "lucene",
                        List.of("bash", "-c", script),
                        folder,
                        folder.resolve("log"))) {
            engine.load(folder);
        }
    }

    @Test
    void aProcessThatEndsIsAnErrorWithItsLastWords(@TempDir Path folder) {
        AnnexException e =
                assertThrows(
                        AnnexException.class,
                        () ->
                                EngineProcess.start(
                                        EngineKind.LUCENE,
                                        "lucene",
                                        List.of("bash", "-c", "echo no such library >&2"),
                                        folder,
                                        folder.resolve("log")));
        assertTrue(String.valueOf(e.getMessage()).contains("no such library"), e.getMessage());
    }

    @Test
    void answersComeThrough(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("answers");
        AnswersFile.write(
                file, 3, new int[][] {{5, 6, 7}, {8}}, new long[] {4000, 1000, 3000, 1L << 40});
        Answers answers = AnswersFile.read(file, 2, 0.5, 0);
        assertArrayEquals(new int[] {5, 6, 7}, answers.rows(0));
        assertArrayEquals(new int[] {8, -1, -1}, answers.rows(1));
        assertEquals(2, answers.queriesPerSecond());
        assertEquals(125_000, answers.cpuMicros());
        assertEquals(3, answers.micros(0.5));
        assertEquals(4, answers.micros(0.75));
        assertEquals(Integer.MAX_VALUE / 1000.0, answers.micros(0.99));
    }
}
