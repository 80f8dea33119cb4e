package io.annexdb.benchmarks.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.benchmarks.demo.DemoCommand;

import org.junit.jupiter.api.Test;

import picocli.CommandLine;

class DemoCommandTest {
    /** Status 0 says that the recall was high enough, and that nothing fell back. */
    @Test
    void theDemoReachesItsReport() {
        assertEquals(0, new CommandLine(new DemoCommand()).execute("--rows", "1000", "--exit"));
    }

    @Test
    void tooFewRowsAreAUsageError() {
        assertEquals(2, new CommandLine(new DemoCommand()).execute("--rows", "3", "--exit"));
    }
}
