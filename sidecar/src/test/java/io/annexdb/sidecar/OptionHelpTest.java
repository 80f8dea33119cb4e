package io.annexdb.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import picocli.CommandLine;

import java.util.List;

class OptionHelpTest {
    /** As picocli prints it, so that it has not broken any line once more. */
    @Test
    void itFitsATerminalAndListsEveryOption() {
        String help = new CommandLine(new SidecarCommand()).getUsageMessage();
        assertEquals(List.of(), help.lines().filter(line -> line.length() > 80).toList());
        List<String> table = help.lines().dropWhile(line -> !line.endsWith("mapping):")).toList();
        assertEquals(
                List.of(),
                table.stream().skip(1).filter(line -> !line.startsWith("  ")).toList(),
                "lines without indent");
        for (Option option : Option.values()) {
            assertTrue(help.contains(option.environmentName()), option.environmentName());
        }
    }
}
