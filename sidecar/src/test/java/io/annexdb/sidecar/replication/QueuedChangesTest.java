package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.telemetry.ConnectCheck;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Changes that wait to be applied count for the connect checks as if they had been. */
class QueuedChangesTest {
    @TempDir Path directory;

    /** Nothing is taken from the queue: by what is applied, the standby would have had all. */
    @Test
    void whatWaitsInTheQueueIsAheadOfAPromotedServer() throws Exception {
        try (TestServer primary = TestServer.startIn(directory.resolve("primary"));
                TestServer standby = primary.standby(directory.resolve("standby"))) {
            primary.execute(
                    "CREATE TABLE t (id bigint PRIMARY KEY)",
                    "CREATE PUBLICATION annex_data FOR TABLE t");
            SourceSettings settings =
                    new SourceSettings(
                            "jdbc:postgresql://localhost:%d,localhost:%d/postgres"
                                            .formatted(
                                                    primary.postgres().getPort(),
                                                    standby.postgres().getPort())
                                    + "?targetServerType=primary",
                            "postgres",
                            "",
                            "queued");
            MainSlot.Created slot;
            try (MainSlot creation = new MainSlot(settings)) {
                slot = creation.recreate();
            }
            String behind =
                    "SELECT 1 WHERE pg_last_wal_replay_lsn() < '" + slot.consistentPoint() + "'";
            await(() -> standby.query(behind).isEmpty());
            BlockingQueue<StreamEvent> queue = new LinkedBlockingQueue<>();
            try (ReplicationStream stream =
                    new ReplicationStream(settings, new Standing(slot), queue)) {
                stream.start();
                await(() -> stream.status().streaming());
                standby.stop();
                primary.execute("INSERT INTO t VALUES (1)");
                await(() -> queue.stream().anyMatch(StreamEvent.Commit.class::isInstance));
                primary.kill();
                standby.restart();
                assertEquals(List.of("t"), standby.query("SELECT pg_promote(true, 60)"));
                await(() -> stream.status().gap().isPresent());
                FailedCheck gap = stream.status().gap().orElseThrow();
                assertEquals(ConnectCheck.SWITCH_POINT, gap.check(), gap.reason());
            }
        }
    }

    /** Indexes to which nothing has been applied since the slot was made. */
    private record Standing(MainSlot.Created slot) implements StreamPosition {
        @Override
        public ServerIdentity identity() {
            return slot.identity();
        }

        @Override
        public Lsn applied() {
            return slot.consistentPoint();
        }

        @Override
        public Lsn durable() {
            return slot.consistentPoint();
        }

        @Override
        public void promoted(ServerIdentity identity) {
            throw new AssertionError("promoted to " + identity);
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < end, "it did not come about");
            Thread.sleep(20);
        }
    }
}
