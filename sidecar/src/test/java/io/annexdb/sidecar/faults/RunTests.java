package io.annexdb.sidecar.faults;

import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs tests as steps of the long run: in a process of their own, for they read properties once.
 */
final class RunTests {
    private static final String PACKAGE = "io.annexdb.sidecar";
    private static final int LINES_SHOWN = 40;

    /** Steps' seeds are neighbours, and some tests count up from theirs. */
    private static final long SEEDS_FOR_EACH = 1_000_003;

    private RunTests() {}

    /** In the process: runs the tests whose class is named so; status 1 unless all passed. */
    public static void main(String[] arguments) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectPackage(PACKAGE))
                                .filters(includeClassNamePatterns(arguments[0]))
                                .build(),
                        listener);
        TestExecutionSummary summary = listener.getSummary();
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.printFailuresTo(out, LINES_SHOWN);
        out.println(summary.getTestsSucceededCount() + " tests passed");
        boolean isWell =
                summary.getTestsSucceededCount() > 0 && summary.getTotalFailureCount() == 0;
        System.exit(isWell ? 0 : 1);
    }

    /**
     * Runs the tests of a class in another process.
     *
     * @param test name of the class without its package, as a pattern
     * @param property that says how often, and the count
     * @return the lines that it printed
     */
    static List<String> run(Path folder, String test, String property, int count, long seed)
            throws Exception {
        Path log = folder.resolve("test.log");
        List<String> java =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx2g",
                        "-XX:+UseParallelGC",
                        "-ea",
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Dannex.kernel.checked=true",
                        "-Dannex.seed=" + seed * SEEDS_FOR_EACH,
                        "-D" + property + "=" + count,
                        "-cp",
                        System.getProperty("java.class.path"),
                        RunTests.class.getName(),
                        PACKAGE.replace(".", "\\.") + "\\..*\\." + test + "(Test)?");
        int status =
                new ProcessBuilder(java)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start()
                        .waitFor();
        List<String> lines;
        try (Stream<String> all = Files.lines(log)) {
            lines = all.toList();
        }
        if (status != 0) {
            List<String> last = lines.subList(Math.max(0, lines.size() - 200), lines.size());
            throw new AssertionError(
                    test + " with seed " + seed * SEEDS_FOR_EACH + "\n" + String.join("\n", last));
        }
        return lines;
    }
}
