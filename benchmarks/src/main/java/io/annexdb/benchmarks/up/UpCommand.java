package io.annexdb.benchmarks.up;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.ConnectionHelp;
import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.QuietLogs;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.benchmarks.server.StopAtExit;
import io.annexdb.benchmarks.server.SuperviseSidecar;
import io.annexdb.sidecar.AnnexSubcommand;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** Starts a development server, and starts its sidecar again whenever that ends. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = {
            "Runs an embedded PostgreSQL 18 with Annex for development, in a folder.",
            "Ctrl-C stops it; the next start continues with the same data. It listens on 127.0.0.1."
        })
public final class UpCommand implements AnnexSubcommand {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "annex-data",
            description = "where everything is kept (${DEFAULT-VALUE}); made when missing")
    private Path data = Path.of("annex-data");

    @Option(
            names = "--port",
            paramLabel = "P",
            defaultValue = "5450",
            description = "of PostgreSQL (${DEFAULT-VALUE}); 0 is a free one")
    private int port;

    @Option(
            names = "--sidecar-port",
            paramLabel = "Q",
            defaultValue = "7432",
            description = "of the sidecar's PostgreSQL protocol (${DEFAULT-VALUE})")
    private int sidecarPort;

    @Option(
            names = "--http-port",
            paramLabel = "R",
            defaultValue = "7480",
            description = "of the sidecar's metrics and health (${DEFAULT-VALUE})")
    private int httpPort;

    private final PrintStream out = System.out;

    @Override
    public void run() {
        QuietLogs.begin();
        try {
            // The folder first: where a server runs in it already, that has the ports as well.
            ServerFolder folder = ServerFolder.at(data);
            Ports ports = new Ports(port, sidecarPort, httpPort);
            try (DevelopmentServer server = DevelopmentServer.in(folder, ports)) {
                StopAtExit.register(server);
                StopAtExit.unlessStopping(server, () -> serve(server));
            }
        } catch (Exception e) {
            throw e instanceof RuntimeException known
                    ? known
                    : new IllegalStateException(e.getMessage(), e);
        }
    }

    private void serve(DevelopmentServer server) throws IOException, InterruptedException {
        try (Progress _ = Progress.start("Start PostgreSQL 18, migrate, start the sidecar", 0)) {
            server.start();
        }
        ConnectionHelp.print(server, out);
        out.println();
        out.println("Ctrl-C stops it; the data stay.");
        SuperviseSidecar.run(server, out);
    }
}
