package io.annexdb.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class ReadConfigTest {
    private static final String REQUIRED =
            """
            data-directory: /tmp/annex
            secret: 0123456789abcdef
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @Test
    void defaults() throws IOException {
        Config config = read(REQUIRED, Map.of());
        assertEquals("main", config.text(Option.NAME));
        assertEquals(7432, config.number(Option.LISTEN_PORT));
        assertEquals(7480, config.number(Option.HTTP_PORT));
        assertEquals(500, config.number(Option.CONNECTION_LIMIT));
        assertEquals(1000, config.number(Option.AUDIT_INTERVAL_MILLIS));
        assertEquals(Path.of("/tmp/annex"), config.dataDirectory());
    }

    @Test
    void nestedAndDottedNamesAndTheEnvironmentOverBoth() throws IOException {
        Config config =
                read(
                        REQUIRED
                                + """
                                database:
                                  url: jdbc:postgresql://db/app
                                  password: 0042
                                listen.port: 1234
                                http:
                                  port: 0
                                """,
                        Map.of(
                                "ANNEX_LISTEN_PORT", "4321",
                                "ANNEX_HTTP_HOST", "0.0.0.0",
                                "ANNEX_JAVA_OPTS", "-Xmx1g",
                                "ANNEX_SERVICE_HOST", "10.0.0.1",
                                "PATH", "/bin"));
        assertEquals("jdbc:postgresql://db/app", config.text(Option.DATABASE_URL));
        assertEquals("0042", config.text(Option.DATABASE_PASSWORD));
        assertEquals(4321, config.number(Option.LISTEN_PORT));
        assertEquals(0, config.number(Option.HTTP_PORT));
        assertEquals("0.0.0.0", config.text(Option.HTTP_HOST));
    }

    @Test
    void secretsAreMasked() throws IOException {
        String shown =
                read(
                                REQUIRED
                                        + "database: {password: hidden1, url:"
                                        + " 'jdbc:postgresql://h/d?password=hidden2&ssl=true'}",
                                Map.of())
                        .toString();
        assertFalse(shown.contains("hidden"), shown);
        assertFalse(shown.contains("0123456789abcdef"), shown);
        assertTrue(shown.contains("listen.port=7432"), shown);
        assertTrue(shown.contains("ssl=true"), shown);
    }

    @Test
    void unknownOptionsNameTheNearest() {
        refused("unknown option \"listen.prot\"", "listen.port", REQUIRED + "listen: {prot: 1}");
        refused("unknown option \"data_dir\"", "data-directory", REQUIRED + "data_dir: /x");
    }

    @Test
    void outOfRangeDoesNotStart() {
        refused("listen.port is 65536, expected 0 to 65535", "", REQUIRED + "listen.port: 65536");
        refused("listen.port is \"x\", expected a whole number", "", REQUIRED + "listen.port: x");
        refused("linker-threads is 0, expected 1 to 64", "", REQUIRED + "linker-threads: 0");
        refused("log.level is \"loud\"", "", REQUIRED + "log.level: loud");
        refused("name is \"A-b\"", "", REQUIRED + "name: A-b");
        refused("secret is 5 characters long", "", "data-directory: x\nsecret: short");
        refused(
                "secret is 16 characters long and not ASCII",
                "",
                "data-directory: x\nsecret: ü123456789abcdef");
        refused("data-directory is missing", "files", "secret: 0123456789abcdef");
        refused("needs one value", "", REQUIRED + "name: [a, b]");
        refused("is not YAML", "", REQUIRED + "name: [a");
        refused("is not a mapping", "", "- a");
    }

    private void refused(String words, String hintWords, String yaml) {
        AnnexException error = assertThrows(AnnexException.class, () -> read(yaml, Map.of()), yaml);
        assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
        assertTrue(error.hint().orElse("").contains(hintWords), error.hint().orElse(""));
    }

    private Config read(String yaml, Map<String, String> environment) throws IOException {
        Path file = directory.resolve("annex.yaml");
        Files.writeString(file, yaml);
        return ReadConfig.read(file, environment);
    }
}
