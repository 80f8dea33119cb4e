package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.telemetry.Failpoint;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Kills a sidecar under load and searches at one failpoint after the other. Each successor is
 * judged before the load goes on, and has the next failpoint armed; when it dies of that before it
 * was judged, the next one is judged in its place. The table is copied again only where its slot or
 * its index was dropped.
 */
final class KillAtFailpoint {
    private static final int REACH_MILLIS = 40_000;

    /** So many rows at once are worth a checkpoint. */
    private static final int GRAPH_ROWS = 2_000;

    private static final Set<Failpoint> OF_INDEX =
            EnumSet.of(
                    Failpoint.SHARD_CREATED,
                    Failpoint.SHARD_FORGOTTEN,
                    Failpoint.SHARD_DELETED,
                    Failpoint.PUBLISHED,
                    Failpoint.SNAPSHOT_TAKEN,
                    Failpoint.LOAD_BEGUN,
                    Failpoint.LOAD_ROW,
                    Failpoint.LOAD_COPIED,
                    Failpoint.LOAD_ENDED,
                    Failpoint.LOAD_SYNCED,
                    Failpoint.LOAD_SAVED);

    private static final Set<Failpoint> OF_LISTS =
            EnumSet.range(Failpoint.LISTS_TRAINED, Failpoint.LISTS_WRITTEN);

    private static final Set<Failpoint> OF_SLOT =
            EnumSet.of(
                    Failpoint.NODE_FORGOTTEN,
                    Failpoint.NODE_IDENTIFIED,
                    Failpoint.SLOT_DROPPED,
                    Failpoint.SLOT_CREATED);

    private static final Set<Failpoint> OF_GRAPH =
            EnumSet.range(Failpoint.CHECKPOINT_BEGUN, Failpoint.GRAPH_REPLACED);

    /** By a number of passes, those that are passed so often within seconds; others once. */
    private static final Map<Integer, Set<Failpoint>> PASSES =
            Map.of(
                    2,
                    OF_GRAPH,
                    5,
                    EnumSet.of(Failpoint.CATALOG_READ),
                    8,
                    EnumSet.of(
                            Failpoint.LOG_UNWRITTEN,
                            Failpoint.LOG_WRITTEN,
                            Failpoint.LOG_SYNCED,
                            Failpoint.FILE_REPLACED,
                            Failpoint.DIRECTORY_SYNCED,
                            Failpoint.MANIFEST_WRITTEN,
                            Failpoint.MANIFEST_SYNCED,
                            Failpoint.MANIFEST_REPLACED,
                            Failpoint.SYNC_BETWEEN,
                            Failpoint.SYNC_DONE,
                            Failpoint.UNACKNOWLEDGED,
                            Failpoint.ACKNOWLEDGED_HALF,
                            Failpoint.ACKNOWLEDGED,
                            Failpoint.BATCH_LINKED),
                    80,
                    EnumSet.of(
                            Failpoint.STREAM_RECEIVED,
                            Failpoint.EVENT_QUEUED,
                            Failpoint.CHANGES_APPLIED,
                            Failpoint.COMMIT_BETWEEN,
                            Failpoint.COMMIT_APPLIED,
                            Failpoint.LOAD_ROW));

    /** What must happen for a failpoint to be reached, besides writes. */
    private enum Stir {
        NOTHING,
        INDEX,
        LISTS,
        GRAPH,
        SLOT,
        LAST_INDEX
    }

    /**
     * One kill.
     *
     * @param pass which pass of the failpoint it dies at, from 1
     */
    record Kill(Failpoint failpoint, int pass) {
        /** The first pass, or a later one that will surely come. */
        static Kill random(Failpoint failpoint, Random random) {
            return new Kill(failpoint, 1 + random.nextInt(passes(failpoint)));
        }
    }

    private final FaultScene scene;
    private final Ledger ledger;
    private final long seed;
    private int transactions;
    private boolean unjudged;

    /** How often the table had been read when the last one was judged. */
    private long copies;

    /** Whether it may be read once more since. */
    private boolean isCopyDue;

    private KillAtFailpoint(FaultScene scene, Ledger ledger, long seed) throws IOException {
        this.scene = scene;
        this.ledger = ledger;
        this.seed = seed;
        this.copies = scene.copiesOf("docs");
    }

    /** Runs them all; the sidecar may be down before, and runs afterwards. */
    static RandomKills.Result run(FaultScene scene, List<Kill> kills, long seed) throws Exception {
        try (Connection connection = scene.connect()) {
            KillAtFailpoint run = new KillAtFailpoint(scene, Ledger.open(connection, "docs"), seed);
            scene.stop();
            Searches searches = Searches.startSeldom(scene, FaultScene.INDEX, seed);
            try (searches) {
                for (Kill kill : kills) {
                    try {
                        run.kill(kill);
                    } catch (Exception | AssertionError e) {
                        throw new AssertionError(
                                kill + ", seed " + seed + "\n" + scene.endOfLog(), e);
                    }
                }
                scene.start();
                run.judgeAtRest();
            }
            run.ledger.resolve(connection);
            Judge.ledger(scene, run.ledger, "docs");
            return new RandomKills.Result(
                    kills.size(),
                    run.transactions,
                    searches.replies().size(),
                    searches.refused(),
                    Judge.answers(run.ledger, searches.replies(), kills.size()));
        }
    }

    private void kill(Kill kill) throws Exception {
        scene.launch("-Dannex.failpoint=" + kill.failpoint() + ":" + kill.pass());
        boolean isJudged = scene.awaitHealthOrEnd() && judge();
        Stir stir = stirOf(kill.failpoint());
        if (stir == Stir.GRAPH) {
            stir(stir);
        } else if (scene.sidecar().isAlive()) {
            try (Load load = Load.start(scene, ledger, 1, seed + kill.pass())) {
                stir(stir);
                scene.sidecar().awaitEnd(REACH_MILLIS);
                transactions += load.transactions();
            }
        }
        isCopyDue |= stir == Stir.SLOT || stir == Stir.LAST_INDEX;
        assertTrue(scene.sidecar().awaitEnd(1), "not reached");
        assertEquals(137, scene.sidecar().status(), "exit status");
        ensureIndex();
        if (!isJudged && unjudged) {
            scene.start();
            judgeAtRest();
            scene.sidecar().kill();
        }
        unjudged = true;
    }

    /** False when the sidecar died meanwhile. */
    private boolean judge() throws Exception {
        try {
            judgeAtRest();
            return true;
        } catch (SQLException | AssertionError e) {
            if (scene.sidecar().awaitEnd(1_000)) {
                return false;
            }
            throw e;
        }
    }

    private void judgeAtRest() throws Exception {
        Judge.atRest(scene, "docs", FaultScene.INDEX);
        long now = scene.copiesOf("docs");
        assertTrue(isCopyDue || now == copies, "copied again, with nothing lost");
        copies = now;
        isCopyDue = false;
    }

    private void stir(Stir stir) throws Exception {
        switch (stir) {
            case NOTHING -> {}
            case INDEX -> index(600, "hnsw", "{}", 1_500);
            // So many rows it takes until lists are trained.
            case LISTS -> index(10_100, "ivfpq", "{\"nlist\": 16, \"m\": 4}", REACH_MILLIS);
            // A checkpoint is due when nothing is left to link, so nobody else may write.
            case GRAPH -> writeGraph();
            case SLOT -> {
                for (int i = 0; i < 10 && scene.sidecar().isAlive(); i++) {
                    scene.dropSlot();
                    scene.sidecar().awaitEnd(3_000);
                }
            }
            case LAST_INDEX -> {
                scene.run("select annex.drop_index('" + FaultScene.INDEX + "')");
                scene.sidecar().awaitEnd(REACH_MILLIS);
            }
        }
    }

    /** Rows with keys below 0, of which enough become fresh and are linked, again and again. */
    private void writeGraph() throws Exception {
        Random random = new Random(seed);
        Map<Long, float[]> gone = new HashMap<>();
        for (String key : scene.postgres().query("select id from docs where id < 0")) {
            gone.put(Long.valueOf(key), new float[0]);
        }
        Load.writeOnce(scene, ledger, gone);
        for (int i = 0; i < 5 && scene.sidecar().isAlive(); i++) {
            Map<Long, float[]> rows = new HashMap<>();
            for (int j = 1; j <= GRAPH_ROWS; j++) {
                rows.put((long) -i * GRAPH_ROWS - j, Load.vector(random));
            }
            Load.writeOnce(scene, ledger, rows);
            transactions++;
            scene.sidecar().awaitEnd(REACH_MILLIS / 4);
        }
    }

    /** Another table gets an index and loses it again. */
    private void index(int rows, String method, String options, int millis) throws Exception {
        scene.run(
                "create table if not exists more (id bigint primary key, embedding real[])",
                "insert into more select i, array(select random() from generate_series(1, 16)"
                        + " where i > 0) from generate_series(1, "
                        + rows
                        + ") i on conflict do nothing");
        long end = System.nanoTime() + REACH_MILLIS * 1_000_000L;
        while (scene.sidecar().isAlive() && System.nanoTime() < end) {
            scene.run(
                    "select annex.create_index('more', 'embedding', metric => 'l2', method => '%s',"
                                    .formatted(method)
                            + " options => '"
                            + options
                            + "')");
            scene.sidecar().awaitEnd(millis);
            scene.run("select annex.drop_index('more_embedding')");
            scene.sidecar().awaitEnd(500);
        }
    }

    private void ensureIndex() throws SQLException {
        if (scene.value("select count(*) from memory.vector_indexes").equals("0")) {
            scene.run(FaultScene.CREATE_INDEX);
        }
    }

    private static Stir stirOf(Failpoint failpoint) {
        if (OF_INDEX.contains(failpoint)) {
            return Stir.INDEX;
        }
        if (OF_LISTS.contains(failpoint)) {
            return Stir.LISTS;
        }
        if (OF_GRAPH.contains(failpoint)) {
            return Stir.GRAPH;
        }
        if (OF_SLOT.contains(failpoint)) {
            return Stir.SLOT;
        }
        return failpoint == Failpoint.UNPUBLISHED ? Stir.LAST_INDEX : Stir.NOTHING;
    }

    private static int passes(Failpoint failpoint) {
        return PASSES.entrySet().stream()
                .filter(entry -> entry.getValue().contains(failpoint))
                .mapToInt(Map.Entry::getKey)
                .findFirst()
                .orElse(1);
    }
}
