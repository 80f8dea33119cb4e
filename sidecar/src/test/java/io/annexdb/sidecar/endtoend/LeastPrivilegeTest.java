package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;

/** A sidecar whose role may do no more than the guide says. */
class LeastPrivilegeTest {
    @TempDir Path folder;

    @Test
    void aRoleWithReplicationAndItsGrantsIsEnough() throws Exception {
        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().setServerConfig("wal_level", "logical").start()) {
            int wirePort = AnnexServer.freePort();
            int httpPort = AnnexServer.freePort();
            String url = postgres.getJdbcUrl("postgres", "postgres");
            AnnexMigrations.migrate(url, "postgres", null, Map.of());
            AnnexServer.setUp(url, null, wirePort);
            String config =
                    AnnexServer.config(url, "", wirePort, httpPort, folder)
                            .replace("user: postgres", "user: annex_sidecar");
            try (Connection connection = DriverManager.getConnection(url)) {
                execute(connection, "create role annex_sidecar login replication");
                execute(connection, "select annex.grant_sidecar('annex_sidecar')");
                try (SidecarProcess sidecar = SidecarProcess.start(folder, config, httpPort)) {
                    assertServes(connection);
                    assertTrue(!sidecar.log().contains("ERROR"), sidecar.log());
                }
            }
        }
    }

    private static void assertServes(Connection connection) throws Exception {
        execute(connection, "create table docs (id bigint primary key, embedding real[])");
        execute(
                connection,
                "insert into docs select i, array[i, 1] from generate_series(1, 100) i");
        execute(connection, "select annex.create_index('docs', 'embedding', metric => 'l2')");
        execute(connection, "select annex.wait_for_index('docs_embedding', '30 s')");
        execute(connection, "set annex.fallback = 'error'");
        execute(connection, "insert into docs values (1000, array[1000, 1])");
        try (Statement statement = connection.createStatement();
                ResultSet result =
                        statement.executeQuery(
                                "select (hit).id from annex.search(null::docs, 'embedding',"
                                        + " '{1000,1}', k => 1)")) {
            assertTrue(result.next());
            assertEquals(1000, result.getLong(1));
        }
    }
}
