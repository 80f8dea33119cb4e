package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A coordinator and two workers of an installed PostgreSQL with Citus, and a sidecar beside each.
 */
final class CitusCluster implements AutoCloseable {
    static final int NODES = 3;
    private static final String USER = InstalledPostgres.USER;

    private static final String OPTIONS =
            "-c shared_preload_libraries=citus -c max_prepared_transactions=50"
                    + " -c citus.enable_statistics_collection=off";

    private final Path directory;
    private final List<InstalledPostgres> servers = new ArrayList<>();
    private final List<SidecarUnderTest> sidecars = new ArrayList<>();

    private CitusCluster(Path directory) {
        this.directory = directory;
    }

    /** As {@link #start}; where there is no Citus the test is skipped. */
    static CitusCluster startWhereInstalled(Path directory) throws IOException, SQLException {
        Optional<Path> installation = InstalledPostgres.installationWithCitus();
        assumeTrue(installation.isPresent(), "skipped: pg_config names no PostgreSQL with Citus");
        return start(installation.get(), directory);
    }

    /**
     * Starts the servers, migrates and sets up.
     *
     * @param directory for the sidecars' files
     */
    private static CitusCluster start(Path programs, Path directory)
            throws IOException, SQLException {
        CitusCluster cluster = new CitusCluster(directory);
        for (int node = 0; node < NODES; node++) {
            cluster.servers.add(InstalledPostgres.start(programs, OPTIONS));
        }
        cluster.join("postgres");
        AnnexMigrations.migrate(cluster.url(0), USER, null, Map.of("shardCount", "6"));
        for (int node = 0; node < NODES; node++) {
            cluster.sidecars.add(cluster.sidecarOf(node, 0));
        }
        cluster.setUp();
        return cluster;
    }

    /** Makes the three databases of that name one cluster. */
    void join(String database) throws SQLException {
        for (int node = 0; node < NODES; node++) {
            try (Session session = Session.open(url(node, database), USER)) {
                session.run("create extension citus");
            }
        }
        try (Session session = Session.open(url(0, database), USER)) {
            session.run(
                    "select citus_set_coordinator_host('127.0.0.1', "
                            + servers.get(0).port()
                            + ")");
            for (int node = 1; node < NODES; node++) {
                session.run("select citus_add_node('127.0.0.1', " + servers.get(node).port() + ")");
            }
        }
    }

    private void setUp() throws SQLException {
        try (Session session = coordinator()) {
            session.rows(
                    "select * from annex.setup(?, (select jsonb_agg(jsonb_build_object('group',"
                            + " groupid, 'host', '127.0.0.1', 'port', case groupid when 0 then ?"
                            + " when 1 then ? else ? end)) from pg_dist_node))",
                    SidecarUnderTest.SECRET,
                    sidecars.get(0).port(),
                    sidecars.get(1).port(),
                    sidecars.get(2).port());
        }
    }

    private SidecarUnderTest sidecarOf(int node, int port) {
        return SidecarUnderTest.start("main", url(node), USER, filesOf(node), port);
    }

    /** The data directory of a node's sidecar. */
    Path filesOf(int node) {
        return directory.resolve("sidecar" + node);
    }

    String url(int node) {
        return url(node, "postgres");
    }

    String url(int node, String database) {
        return servers.get(node).url(database);
    }

    Session coordinator() throws SQLException {
        return Session.open(url(0), USER);
    }

    /** A connection to node 0, the coordinator, or to worker 1 or 2. */
    Session node(int node) throws SQLException {
        return Session.open(url(node), USER);
    }

    /** Searches and ranks answered so far by the sidecar of each node. */
    long[] answered() {
        return sidecars.stream()
                .mapToLong(sidecar -> sidecar.answered("search") + sidecar.answered("rank"))
                .toArray();
    }

    void restartSidecar(int node, Runnable whileDown) {
        int port = sidecars.get(node).port();
        sidecars.get(node).close();
        try {
            whileDown.run();
        } finally {
            sidecars.set(node, sidecarOf(node, port));
        }
    }

    @Override
    public void close() throws IOException {
        sidecars.forEach(SidecarUnderTest::close);
        for (InstalledPostgres server : servers) {
            server.close();
        }
    }
}
