package io.annexdb.benchmarks.stream;

import io.annexdb.benchmarks.ann.DatasetOptions;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.QuietLogs;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.benchmarks.server.StopAtExit;
import io.annexdb.benchmarks.server.WorkFolder;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;

/** {@code annex bench stream}: its options, and nothing else. */
@Command(
        name = "stream",
        description = {
            "Streams rows through PostgreSQL into an index while one thread searches.",
            "",
            "Starts an embedded PostgreSQL with fsync on and a sidecar, fills and links an index,"
                + " measures searches alone, then searches beside the stream: rows a second, time"
                + " until a committed row is found, rows not yet linked, searches a second."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        sortOptions = false)
public final class StreamBench implements Callable<Integer> {
    @Mixin private DatasetOptions dataset = new DatasetOptions("synthetic:1000000x384");

    @Option(names = "--seconds", defaultValue = "60", description = "How long rows are streamed.")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long rows are streamed before that, unmeasured: JVMs compile.")
    private int warmUp;

    @Option(
            names = "--rate",
            paramLabel = "ROWS/S",
            defaultValue = "0",
            description = "Rows a second; 0 for as many as go through.")
    private int rate;

    @Option(
            names = "--transaction-rows",
            defaultValue = "100",
            description = "Rows of one transaction, which is one COPY.")
    private int transactionRows;

    @Option(
            names = "--preload",
            paramLabel = "ROWS",
            defaultValue = "50000",
            description = "Rows that are in the index, linked, before the stream begins.")
    private int preload;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures here.")
    private @Nullable Path json;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public StreamBench() {}

    @Override
    public Integer call() throws Exception {
        QuietLogs.begin();
        StreamPlan plan = new StreamPlan(seconds, warmUp, rate, transactionRows, preload);
        try (Dataset rows = dataset.open()) {
            plan.check(rows.base().rows());
            try (WorkFolder folder = WorkFolder.in(dataset.cacheFolder(), "stream-")) {
                // Not a temporary one: those run without fsync, and commits are to be real.
                measure(ServerFolder.at(folder.path().resolve("server")), rows, plan);
            }
        }
        return 0;
    }

    private void measure(ServerFolder folder, Dataset rows, StreamPlan plan) throws Exception {
        Ports ports = new Ports(0, 0, 0).resolve();
        try (DevelopmentServer server = new DevelopmentServer(folder, ports)) {
            StopAtExit.register(server);
            StopAtExit.unlessStopping(server, () -> measure(server, rows, plan));
        }
    }

    private void measure(DevelopmentServer server, Dataset rows, StreamPlan plan)
            throws IOException, SQLException, InterruptedException {
        try (Progress _ = Progress.start("Start PostgreSQL 18, migrate, start the sidecar", 0)) {
            server.start();
        }
        StreamReport report = new RunStream(server, rows, plan).run();
        PrintStreamReport.run(report, System.out);
        if (json != null) {
            WriteStreamJson.run(report, json);
            System.out.println("Figures: " + json);
        }
    }
}
