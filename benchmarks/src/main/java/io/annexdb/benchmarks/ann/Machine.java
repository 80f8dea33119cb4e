package io.annexdb.benchmarks.ann;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * Where and when a run took place.
 *
 * @param processor its model
 * @param processors how many of them
 * @param system operating system and architecture
 * @param jvm Java virtual machine
 * @param jvmFlags flags of every Java engine
 * @param loadAverage processes that were runnable in the last minute, this run's included
 * @param time when it ended
 */
record Machine(
        String processor,
        int processors,
        String system,
        String jvm,
        String jvmFlags,
        double loadAverage,
        Instant time) {
    static Machine here(List<String> jvmFlags) {
        return new Machine(
                model(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
                String.join(" ", jvmFlags),
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS));
    }

    private static String model() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
