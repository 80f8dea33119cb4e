package io.annexdb.sidecar.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.replication.TestServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Restarts, broken connections and concurrent writers. */
class OutageTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    @TempDir Path directory;

    private TestServer server;
    private Scene scene;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.startIn(directory.resolve("data"));
        scene = Scene.open(server.url(), directory.resolve("index"));
        scene.execute(
                "CREATE TABLE docs (id bigint PRIMARY KEY, tenant text, v real[])",
                "ALTER TABLE docs ALTER COLUMN v SET STORAGE EXTERNAL");
    }

    @AfterEach
    void stop() throws Exception {
        scene.close();
        server.close();
    }

    @Test
    void survivesARestartOfPostgresql() throws Exception {
        scene.execute("INSERT INTO docs SELECT i, 't', ARRAY[i, 1] FROM generate_series(1, 100) i");
        scene.createIndex(1, "public.docs", "v", "tenant");
        scene.assertSame(1, "docs", "v", 2, "tenant");
        VectorIndex index = scene.ready(1);
        for (int round = 0; round < 2; round++) {
            long millis = server.stop().toMillis();
            System.out.println("shutdown with a follower: " + millis + " ms");
            assertTrue(millis < 5_000, "the shutdown took " + millis + " ms");
            scene.await(scene::describe, () -> !scene.running().status().streaming());
            server.restart();
            scene.execute("DELETE FROM docs WHERE id = " + (10 + round));
            scene.assertSame(1, "docs", "v", 2, "tenant");
            assertEquals(List.of(index), scene.registry().shardsOf(1), "not rebuilt");
        }
    }

    /** Repeated until a connection was really cut inside, which the log tells. */
    @Test
    void aBrokenConnectionInsideALargeTransactionLosesAndRepeatsNothing() throws Exception {
        scene.createIndex(1, "public.docs", "v", "tenant");
        VectorIndex index = scene.ready(1);
        Logger logger = (Logger) LoggerFactory.getLogger(Ingest.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            for (int round = 0; round < 10 && log.list.isEmpty(); round++) {
                scene.execute("TRUNCATE docs");
                scene.await(scene::describe, () -> index.status().rows() == 0);
                writeAndCut(index);
                scene.assertSame(1, "docs", "v", 600, "tenant");
            }
            assertTrue(
                    log.list.getFirst().getFormattedMessage().contains("inside transaction"),
                    () -> log.list.toString());
        } finally {
            logger.detachAppender(log);
        }
        assertEquals(List.of(index), scene.registry().shardsOf(1), "not rebuilt");
    }

    /** Each row takes a key that another one has just left; the vectors are not sent again. */
    private void writeAndCut(VectorIndex index) throws Exception {
        try (Connection connection = scene.connect();
                var statement = connection.createStatement();
                Connection cutter = scene.connect();
                var cut = cutter.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "INSERT INTO docs SELECT i, 't' || i % 3, (SELECT array_agg(i + j) FROM"
                            + " generate_series(1, 600) j) FROM generate_series(1, 6000) i");
            statement.execute("UPDATE docs SET id = -id WHERE id % 2 = 0");
            statement.execute("UPDATE docs SET id = id + 1 WHERE id > 0");
            statement.execute("UPDATE docs SET id = -id - 1 WHERE id < 0");
            statement.execute("DELETE FROM docs WHERE id % 9 = 0");
            connection.commit();
            while (index.status().rows() == 0) {
                Thread.onSpinWait();
            }
            cut.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
        }
    }

    /** Its log ends inside a record, which the server does not flush for seconds. */
    @Test
    void anOpenTransactionHoldsUpNoSearch() throws Exception {
        scene.createIndex(1, "public.docs", "v", "tenant");
        scene.execute("INSERT INTO docs VALUES (1, 't', '{1,2}')");
        scene.assertSame(1, "docs", "v", 2, "tenant");
        try (Connection connection = scene.connect();
                var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE other (i int)");
            connection.setAutoCommit(false);
            for (int i = 0; i < 5; i++) {
                statement.execute("INSERT INTO other SELECT generate_series(1, 4000)");
                Thread.sleep(250);
                Lsn flushed = scene.running().primaryPosition().flushLsn();
                assertTrue(
                        scene.registry().awaitApplied(flushed, Duration.ofSeconds(1)),
                        () -> flushed + " was not applied within 1 s: " + scene.describe());
            }
            connection.rollback();
        }
    }

    @Test
    void theFirstCopyAndWritersAgree() throws Exception {
        System.out.println("OutageTest seed " + SEED);
        scene.execute(
                "INSERT INTO docs SELECT i, 't' || i % 3, (SELECT array_agg(i + j) FROM"
                        + " generate_series(1, 600) j) FROM generate_series(1, 3000) i");
        AtomicBoolean done = new AtomicBoolean();
        RandomWriter changes = new RandomWriter(scene, SEED, 1_700, 4);
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            List<Future<Integer>> writers =
                    List.of(
                            executor.submit(() -> changes.run(done, 0)),
                            executor.submit(() -> changes.run(done, 1)));
            for (int round = 1; round <= 3; round++) {
                scene.createIndex(round, "public.docs", "v", "tenant");
                scene.ready(round);
                Thread.sleep(200);
            }
            done.set(true);
            int statements = 0;
            for (Future<Integer> writer : writers) {
                statements += writer.get();
            }
            System.out.println("statements beside the copies: " + statements);
        }
        for (int round = 1; round <= 3; round++) {
            scene.assertSame(round, "docs", "v", 600, "tenant");
        }
    }
}
