package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.replication.MainSlot;
import io.annexdb.sidecar.replication.SourceSettings;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Citus can make a worker of another one's physical copy: the same cluster, the same database, the
 * same slots, and half of the shards. What tells them apart is the node group.
 */
class CitusGroupTest {
    @Test
    void aCopyThatBecameAnotherWorkerIsAnotherNode() throws Exception {
        Optional<Path> installation = InstalledPostgres.installationWithCitus();
        assumeTrue(installation.isPresent(), "skipped: pg_config names no PostgreSQL with Citus");
        try (InstalledPostgres server =
                        InstalledPostgres.start(
                                installation.get(),
                                "-c shared_preload_libraries=citus"
                                        + " -c citus.enable_statistics_collection=off");
                Session session = Session.open(server.url("postgres"), InstalledPostgres.USER)) {
            assertEquals(0, identity(server).group(), "without Citus");
            session.run("create extension citus");
            ServerIdentity worker = identity(server);
            assertEquals(0, worker.group(), "a coordinator");
            session.run("update pg_dist_local_group set groupid = 3");
            ServerIdentity copy = identity(server);
            assertEquals(3, copy.group());
            assertEquals(worker.systemIdentifier(), copy.systemIdentifier());
            assertFalse(copy.isSameNode(worker));
        }
    }

    /** As the sidecar writes it down when it makes its slot. */
    private static ServerIdentity identity(InstalledPostgres server) throws SQLException {
        SourceSettings settings =
                new SourceSettings(server.url("postgres"), InstalledPostgres.USER, "", "group");
        try (MainSlot slot = new MainSlot(settings)) {
            return slot.recreate().identity();
        }
    }
}
