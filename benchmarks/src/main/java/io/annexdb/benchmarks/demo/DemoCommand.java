package io.annexdb.benchmarks.demo;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.ConnectionHelp;
import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.QuietLogs;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.benchmarks.server.StopAtExit;
import io.annexdb.benchmarks.server.SuperviseSidecar;
import io.annexdb.benchmarks.server.UserFolders;
import io.annexdb.benchmarks.text.EmbedGlosses;
import io.annexdb.benchmarks.text.Embedder;
import io.annexdb.benchmarks.text.EmbeddingCache;
import io.annexdb.benchmarks.text.Gloss;
import io.annexdb.benchmarks.text.WordNet;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.Fallback;
import io.annexdb.sidecar.AnnexSubcommand;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ExecutionException;

/** {@code annex demo}, stage by stage. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Shows what Annex does, on real text, with nothing installed.",
            "Starts an embedded PostgreSQL and a sidecar, embeds WordNet's glosses in this process,"
                    + " loads and indexes them, searches, and measures recall and latency."
        })
public final class DemoCommand implements AnnexSubcommand, IExitCodeGenerator {
    private static final int QUERIES = 200;
    private static final double RECALL_MIN = 0.95;

    @Option(
            names = "--rows",
            defaultValue = "20000",
            paramLabel = "N",
            description = "glosses to load, 1,000 to 117,591 (${DEFAULT-VALUE})")
    private int rows;

    @Option(
            names = "--exit",
            description = "end after the report, with status 1 when recall@10 is below 0.95")
    private boolean exit;

    @Option(
            names = "--port",
            paramLabel = "P",
            defaultValue = "0",
            description = "of PostgreSQL; 0, the default of all three ports, is a free one")
    private int port;

    @Option(
            names = "--sidecar-port",
            paramLabel = "Q",
            defaultValue = "0",
            description = "of the sidecar's PostgreSQL protocol")
    private int sidecarPort;

    @Option(
            names = "--http-port",
            paramLabel = "R",
            defaultValue = "0",
            description = "of the sidecar's metrics and health")
    private int httpPort;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "keep everything in DIR, for annex up --data DIR; else it is deleted")
    private @Nullable Path data;

    @Spec private @Nullable CommandSpec spec;

    private final PrintStream out = System.out;
    private boolean recallTooLow;

    @Override
    public void run() {
        if (rows < 1_000 || rows > 117_791 - QUERIES) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "--rows must be 1,000 to 117,591 (WordNet without the queries), not " + rows);
        }
        QuietLogs.begin();
        try {
            ServerFolder folder = data == null ? ServerFolder.temporary() : ServerFolder.at(data);
            Ports ports = new Ports(port, sidecarPort, httpPort);
            try (DevelopmentServer server = DevelopmentServer.in(folder, ports)) {
                StopAtExit.register(server);
                StopAtExit.unlessStopping(server, () -> demonstrate(server));
            }
        } catch (Exception e) {
            throw e instanceof RuntimeException known
                    ? known
                    : new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public int getExitCode() {
        return recallTooLow ? 1 : 0;
    }

    private void demonstrate(DevelopmentServer server)
            throws IOException, SQLException, InterruptedException, ExecutionException {
        try (Progress _ = Progress.start("Start PostgreSQL 18, migrate, start the sidecar", 0)) {
            server.start();
        }
        Thread supervision = SuperviseSidecar.inBackground(server, out);
        List<Gloss> all = WordNet.read();
        List<Gloss> loaded = all.subList(0, rows);
        List<Gloss> queries = all.subList(all.size() - QUERIES, all.size());
        try (Embedder embedder = new Embedder(UserFolders.cache().resolve("libraries"));
                AnnexClient client = client(server);
                Connection connection = connection(server)) {
            List<float[]> vectors = embed(loaded, queries, embedder);
            new LoadGlosses(client).run(loaded, vectors.subList(0, rows));
            new BuildIndex(connection, client, out).run(rows);
            new ShowSearches(connection, embedder, out).run();
            report(new MeasureRecall(server, client).run(vectors.subList(rows, vectors.size())));
        }
        if (!exit) {
            ConnectionHelp.print(server, out);
            out.println();
            out.println("Ctrl-C stops it" + (data == null ? " and removes the files." : "."));
            supervision.join();
        }
    }

    private List<float[]> embed(List<Gloss> loaded, List<Gloss> queries, Embedder embedder)
            throws IOException {
        List<Gloss> needed = new ArrayList<>(loaded);
        needed.addAll(queries);
        String source = Embedder.MODEL + "/" + WordNet.VERSION;
        Path file = UserFolders.cache().resolve("embeddings").resolve(source.replace('/', '_'));
        try (EmbeddingCache cache = EmbeddingCache.open(file, source, Embedder.DIMENSION)) {
            return EmbedGlosses.run(needed, cache, embedder);
        }
    }

    private void report(MeasureRecall.Report report) {
        recallTooLow = report.recall() < RECALL_MIN;
        out.printf(
                Locale.ROOT,
                """

                %,d rows, %d queries that are not among them, k = %d, one connection, no fallback
                  recall@%3$d    %.4f of exact SQL%s
                  latency      p50 %.2f ms, p95 %.2f ms (annex.search by JDBC, rows included)
                  exact SQL    p50 %.0f ms for the same
                """,
                rows,
                report.queries(),
                MeasureRecall.K,
                report.recall(),
                recallTooLow ? ": below " + RECALL_MIN : "",
                report.medianMillis(),
                report.p95Millis(),
                report.exactMillis());
    }

    private static AnnexClient client(DevelopmentServer server) throws IOException {
        return AnnexClient.builder(server.jdbcUrl())
                .user(server.user())
                .password(server.password())
                .poolSize(2)
                .fallback(Fallback.ERROR)
                .build();
    }

    private static Connection connection(DevelopmentServer server)
            throws SQLException, IOException {
        Connection connection =
                DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        try (var statement = connection.createStatement()) {
            statement.execute("SET annex.fallback = 'error'");
        }
        return connection;
    }
}
