package io.annexdb.benchmarks.ann.engine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command lines that start the engines' processes. */
public final class LaunchEngine {
    private static final long MEGABYTE = 1 << 20;
    private static final long HEAP_LEAST = 2048 * MEGABYTE;

    private LaunchEngine() {}

    /**
     * Starts an engine's process.
     *
     * @param name for messages and files; one of its kind in a run
     * @param heapMegabytes limit of the heap
     * @param folder for the files of this run
     * @param cache where the C++ driver is kept once it is compiled, and the logs
     */
    public static EngineProcess run(
            EngineKind kind, String name, int heapMegabytes, Path folder, Path cache)
            throws IOException {
        List<String> command =
                switch (kind) {
                    case ANNEX, LUCENE, JVECTOR, PGVECTOR, ANNEX_SQL -> java(kind, heapMegabytes);
                    case HNSWLIB -> List.of(CompileHnswlib.run(cache).toString());
                };
        Path logs = Files.createDirectories(cache.resolve("ann").resolve("logs"));
        return EngineProcess.start(
                kind, name, command, folder, logs.resolve(name.replace(':', '-') + ".log"));
    }

    /** Room for the vectors twice, which JVector and Lucene need while they build. */
    public static int heapMegabytes(long dataBytes) {
        return (int) ((HEAP_LEAST + 2 * dataBytes) / MEGABYTE);
    }

    /** The flags of every Java engine's JVM: those of this one, and what profits all of them. */
    public static List<String> jvmFlags(int heapMegabytes) {
        List<String> flags = new ArrayList<>();
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!isReplaced(flag)) {
                flags.add(flag);
            }
        }
        flags.add("-XX:+UseParallelGC");
        flags.add("-Xmx" + heapMegabytes + "m");
        return flags;
    }

    private static boolean isReplaced(String flag) {
        return flag.startsWith("-Xmx")
                || flag.startsWith("-agentlib")
                || flag.startsWith("-Dannex.jvm.flags=")
                || (flag.startsWith("-XX:+Use") && flag.endsWith("GC"));
    }

    private static List<String> java(EngineKind kind, int heapMegabytes) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(kind.jvmFlags());
        command.addAll(jvmFlags(heapMegabytes));
        // Debug information inside compiled code, so that --profile names the right lines.
        command.add("-XX:+UnlockDiagnosticVMOptions");
        command.add("-XX:+DebugNonSafepoints");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(EngineHost.class.getName());
        command.add(kind.engineName());
        return command;
    }
}
