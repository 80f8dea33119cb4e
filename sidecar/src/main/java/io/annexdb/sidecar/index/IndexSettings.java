package io.annexdb.sidecar.index;

import java.nio.file.Path;

/**
 * Settings of all indexes of one sidecar.
 *
 * @param directory where the files live; created when missing
 * @param linkerThreads threads that link fresh rows into the graphs, 1 to 64; default 1
 * @param memoryLimitBytes off-heap memory of all indexes together, from 16 MiB; default 64 GiB
 * @param namespaceScanMax a namespace of at most this many rows is scanned exactly, 0 to 10
 *     million; default 50,000
 * @param autoGraphRows an index of method auto builds its graph from this many rows on, from 1;
 *     default 10,000
 * @param checkpointRows a graph is written to disk after this many newly linked rows, from 1;
 *     default 100,000
 */
public record IndexSettings(
        Path directory,
        int linkerThreads,
        long memoryLimitBytes,
        int namespaceScanMax,
        int autoGraphRows,
        int checkpointRows) {
    public IndexSettings {
        check("linkerThreads", linkerThreads, 1, 64);
        check("memoryLimitBytes", memoryLimitBytes, 16L << 20, Long.MAX_VALUE);
        check("namespaceScanMax", namespaceScanMax, 0, 10_000_000);
        check("autoGraphRows", autoGraphRows, 1, Integer.MAX_VALUE);
        check("checkpointRows", checkpointRows, 1, Integer.MAX_VALUE);
    }

    /** The defaults for a directory. */
    public static IndexSettings of(Path directory) {
        return new IndexSettings(directory, 1, 64L << 30, 50_000, 10_000, 100_000);
    }

    public IndexSettings withLinkerThreads(int threads) {
        return new IndexSettings(
                directory,
                threads,
                memoryLimitBytes,
                namespaceScanMax,
                autoGraphRows,
                checkpointRows);
    }

    public IndexSettings withMemoryLimitBytes(long bytes) {
        return new IndexSettings(
                directory, linkerThreads, bytes, namespaceScanMax, autoGraphRows, checkpointRows);
    }

    public IndexSettings withNamespaceScanMax(int rows) {
        return new IndexSettings(
                directory, linkerThreads, memoryLimitBytes, rows, autoGraphRows, checkpointRows);
    }

    public IndexSettings withAutoGraphRows(int rows) {
        return new IndexSettings(
                directory, linkerThreads, memoryLimitBytes, namespaceScanMax, rows, checkpointRows);
    }

    public IndexSettings withCheckpointRows(int rows) {
        return new IndexSettings(
                directory, linkerThreads, memoryLimitBytes, namespaceScanMax, autoGraphRows, rows);
    }

    private static void check(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " is " + value + ", allowed are " + least + " to " + most);
        }
    }
}
