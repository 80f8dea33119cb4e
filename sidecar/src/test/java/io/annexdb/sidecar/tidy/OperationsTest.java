package io.annexdb.sidecar.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.telemetry.IndexFigures;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What lies under {@code ops/} fits the code. */
class OperationsTest {
    private static final Path OPS = Path.of("../ops");
    private static final Path RULES = OPS.resolve("prometheus/annex.rules.yaml");

    @Test
    void alertsAreOnMetricsThatTheSidecarExports() throws IOException {
        Set<String> used = new TreeSet<>();
        Pattern.compile("\\b(annex|jvm|process)_[a-z_]+\\b")
                .matcher(expressions())
                .results()
                .forEach(match -> used.add(match.group()));
        assertTrue(used.size() > 15, "metrics in the rules: " + used);
        used.removeAll(exported());
        assertEquals(Set.of(), used, "metrics in the rules that nothing exports");
    }

    /** The rules without their names, labels and texts. */
    private static String expressions() throws IOException {
        return Pattern.compile("expr: (.*?)\\n +(for|labels):", Pattern.DOTALL)
                .matcher(Files.readString(RULES))
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.joining("\n"));
    }

    private static Set<String> exported() {
        try (Telemetry telemetry = new Telemetry()) {
            telemetry.positions(() -> 1, () -> 1, () -> 1, () -> 1);
            telemetry.slot(() -> 1, () -> 1, () -> 1);
            telemetry.resources(() -> 1, () -> 1, () -> 1);
            telemetry.indexes(() -> List.of(new IndexFigures("a", 1, 1, 1, 1, 1, 1)));
            telemetry.certificate(() -> 1, () -> 0);
            telemetry.durability(() -> 0, () -> 0);
            telemetry.request("search", "ok", 1);
            return telemetry
                    .scrape()
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.replaceAll("[{ ].*", ""))
                    .collect(Collectors.toSet());
        }
    }

    @Test
    void promtoolAcceptsTheAlertsAndTheirTests() throws IOException, InterruptedException {
        assumeTrue(runs("promtool", "--version"), "skipped: there is no promtool on the PATH");
        run("promtool", "check", "rules", RULES.toString());
        run(
                "promtool",
                "test",
                "rules",
                OPS.resolve("prometheus/annex.rules.test.yaml").toString());
    }

    @Test
    void theImageRunsTheJvmWithTheFlagsOfTheBuild() throws IOException {
        String launcher = Files.readString(OPS.resolve("image/annex"));
        String flags =
                Files.readString(Path.of("../pom.xml"))
                        .replaceAll(
                                "(?s).*<annex\\.jvm\\.flags>(.*?)</annex\\.jvm\\.flags>.*", "$1");
        for (String flag : List.of(flags.split(" ", -1))) {
            assertTrue(launcher.contains(flag), flag + " is missing in ops/image/annex");
        }
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
    }
}
