package io.annexdb.sidecar.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class FailpointTest {
    @Test
    void theDocumentationListsEach() throws Exception {
        List<String> listed =
                Files.readAllLines(Path.of("../docs/reliability.md")).stream()
                        .filter(line -> line.matches("\\| `[A-Z_]+` \\|.*"))
                        .toList();
        assertEquals(
                Stream.of(Failpoint.values())
                        .map(each -> "| `" + each + "` | " + each.meaning() + " |")
                        .toList(),
                listed);
    }
}
