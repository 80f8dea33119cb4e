package io.annexdb.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code annex check}: its table, its JSON and its exit status. */
class CheckCommandTest {
    @TempDir Path directory;

    private final StringWriter out = new StringWriter();

    private int check(String... options) {
        out.getBuffer().setLength(0);
        CommandLine line = Annex.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(out, true));
        String[] arguments = new String[options.length + 1];
        arguments[0] = "check";
        System.arraycopy(options, 0, arguments, 1, options.length);
        return line.execute(arguments);
    }

    @Test
    void saysWhatIsWholeAndWhatIsNot() throws Exception {
        String data = directory.resolve("data").toString();
        assertEquals(1, check(data));
        assertTrue(out.toString().contains("is no directory"), out.toString());
        write(Path.of(data));
        assertEquals(0, check(data), out.toString());
        assertTrue(out.toString().contains("2 rows in 2 slots at 0/12C"), out.toString());
        assertTrue(out.toString().contains("All files are whole."), out.toString());
        Path log = Path.of(data).resolve("7-16402").resolve("log-1");
        byte[] bytes = Files.readAllBytes(log);
        bytes[bytes.length - 1] ^= 1;
        Files.write(log, bytes);
        assertEquals(1, check(data, "--json"));
        JsonNode found = JsonMapper.builder().build().readTree(out.toString());
        assertEquals(false, found.get("whole").booleanValue());
        JsonNode damaged = found.get("files").get(1);
        assertEquals("7-16402/log-1", damaged.get("file").asString());
        assertEquals("damaged", damaged.get("verdict").asString());
        assertEquals(bytes.length, damaged.get("bytes").intValue());
        assertTrue(damaged.get("detail").asString().contains("that were acknowledged"));
    }

    private static void write(Path data) {
        ShardDefinition shard =
                new ShardDefinition(
                        new IndexDefinition(
                                7,
                                "docs_v",
                                "public.docs",
                                "v",
                                ElementType.FLOAT32,
                                Metric.L2,
                                Method.HNSW,
                                List.of("id"),
                                null,
                                2,
                                IndexOptions.DEFAULT),
                        16402,
                        "public.docs");
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(data))) {
            VectorIndex index = registry.openOrCreate(shard);
            index.beginLoad(new Lsn(100), 2);
            index.finishLoad();
            index.upsert(RowKey.of("1"), null, new float[] {1, 2});
            index.upsert(RowKey.of("2"), null, new float[] {2, 2});
            index.commit(new Lsn(300));
            registry.advanceApplied(new Lsn(300));
        }
    }
}
