package io.annexdb.benchmarks.copy;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.server.EmbeddedServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.QuietLogs;
import io.annexdb.benchmarks.server.ServerFolder;
import io.annexdb.migrations.AnnexMigrations;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code annex bench copy}. */
@Command(
        name = "copy",
        description = "Times first copies of a table: by several connections, and gone on with.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        sortOptions = false)
public final class CopyBench implements Callable<Integer> {
    @Option(names = "--rows", defaultValue = "200000", description = "Rows of the table.")
    private long rows;

    @Option(names = "--dimension", defaultValue = "384", description = "Elements of a vector.")
    private int dimension;

    @Option(
            names = "--connections",
            split = ",",
            defaultValue = "1,2",
            description = "How many connections read, one measurement for each.")
    private List<Integer> connections;

    @Option(names = "--method", defaultValue = "hnsw", description = "Of the index: hnsw, flat.")
    private String method;

    @Option(names = "--times", defaultValue = "3", description = "How often each is measured.")
    private int times;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public CopyBench() {}

    @Override
    public Integer call() throws Exception {
        QuietLogs.begin();
        try (ServerFolder folder = ServerFolder.temporary();
                EmbeddedServer server =
                        EmbeddedServer.start(folder, new Ports(0, 0, 0).resolve().postgres())) {
            prepare(server);
            for (int i = 0; i < times; i++) {
                for (int each : connections) {
                    measure(server, folder, each);
                }
            }
        }
        return 0;
    }

    private void prepare(EmbeddedServer server) throws Exception {
        AnnexMigrations.migrate(server.jdbcUrl(), EmbeddedServer.USER, server.password(), Map.of());
        try (Progress _ = Progress.start("Fill the table", 0);
                Connection connection =
                        DriverManager.getConnection(
                                server.jdbcUrl(), EmbeddedServer.USER, server.password());
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE docs (id bigint PRIMARY KEY, v real[])");
            statement.execute("ALTER TABLE docs ALTER COLUMN v SET STORAGE EXTERNAL");
            statement.execute(
                    "INSERT INTO docs SELECT i, (SELECT array_agg(random() - 0.5) FROM"
                            + " generate_series(1, "
                            + dimension
                            + ") WHERE i > 0)::real[] FROM generate_series(1, "
                            + rows
                            + ") i");
            statement.execute("VACUUM ANALYZE docs");
            statement.execute("CHECKPOINT");
            statement.execute(
                    "SELECT annex.create_index('docs', 'v', metric => 'l2', method => '"
                            + method
                            + "')");
        }
    }

    private void measure(EmbeddedServer server, ServerFolder folder, int readers) throws Exception {
        try (FollowedTable table = FollowedTable.at(server, folder, readers)) {
            table.start();
            Copied whole = table.awaitRows(rows);
            print(readers, "a whole copy", whole);
        }
        try (FollowedTable table = FollowedTable.at(server, folder, readers)) {
            table.start();
            table.awaitRows(rows / 2);
            table.stop();
            table.start();
            print(readers, "gone on with at the half", table.awaitRows(rows));
        }
    }

    private static void print(int readers, String what, Copied copied) {
        System.out.printf(
                Locale.ROOT,
                "%d connections, %s: %,d rows in %.2f s, %,.0f rows/s, ready %.2f s after the"
                        + " start; %s%n",
                readers,
                what,
                copied.rows(),
                copied.seconds(),
                copied.rows() / copied.seconds(),
                copied.secondsSinceStart(),
                copied.result());
    }
}
