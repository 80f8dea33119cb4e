package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Optional;

/**
 * What the connect checks are for: a server that is asked to start where it cannot does not
 * complain. It leaves commits out; the checks say so before.
 */
class StartPositionsTest {
    private static final String SLOT = "annex_start";

    @TempDir Path directory;

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.startIn(directory.resolve("data"));
        server.execute(
                "CREATE TABLE t (id bigint PRIMARY KEY)",
                "CREATE PUBLICATION annex_data FOR TABLE t",
                "SELECT pg_create_logical_replication_slot('" + SLOT + "', 'pgoutput')",
                "INSERT INTO t VALUES (1)");
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void beyondTheServersLogItLeavesOutCommitsWithoutAWord() throws Exception {
        Lsn flushed = flushed();
        Lsn ahead = new Lsn(flushed.value() + (1 << 20));
        assertEquals(0, commitsAfter(ahead), "of one commit");
        assertEquals(1, commitsAfter(Lsn.ZERO), "of one commit, where the server decides");
        assertTrue(gap(ahead, ahead).orElseThrow().contains("the server's log ends at"));
        assertTrue(gap(flushed, flushed).isEmpty());
    }

    @Test
    void beforeTheSlotsPositionItSkipsAheadWithoutAWord() throws Exception {
        Lsn before = flushed();
        server.execute(
                "INSERT INTO t VALUES (2)",
                "SELECT pg_replication_slot_advance('" + SLOT + "', pg_current_wal_lsn())",
                "INSERT INTO t VALUES (3)");
        assertEquals(1, commitsAfter(before), "of two commits");
        assertTrue(gap(before, before).orElseThrow().contains("the slot starts at"));
    }

    private Lsn flushed() throws Exception {
        return Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()").getFirst());
    }

    /** What the connect checks say of index files at these positions. */
    private Optional<String> gap(Lsn applied, Lsn durable) throws Exception {
        try (Connection walsender = Connections.replication(server.source("start"))) {
            ServerFacts facts = ServerFacts.read(walsender);
            return ConnectChecks.gap(
                            facts,
                            Slot.read(walsender, SLOT),
                            true,
                            facts.identity(),
                            applied,
                            durable)
                    .map(FailedCheck::reason);
        }
    }

    private int commitsAfter(Lsn start) throws Exception {
        int commits = 0;
        try (Connection walsender = Connections.replication(server.source("start"));
                PGReplicationStream stream =
                        walsender
                                .unwrap(PGConnection.class)
                                .getReplicationAPI()
                                .replicationStream()
                                .logical()
                                .withSlotName(SLOT)
                                .withStartPosition(LogSequenceNumber.valueOf(start.value()))
                                .withSlotOption("proto_version", 1)
                                .withSlotOption("publication_names", "annex_data")
                                .withAutomaticFlush(false)
                                .start()) {
            long end = System.nanoTime() + 1_500_000_000L;
            while (System.nanoTime() < end) {
                ByteBuffer message = stream.readPending();
                if (message == null) {
                    Thread.sleep(10);
                } else if (message.get(message.position()) == 'C') {
                    commits++;
                }
            }
        }
        return commits;
    }
}
