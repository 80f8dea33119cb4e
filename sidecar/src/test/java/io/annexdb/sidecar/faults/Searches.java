package io.annexdb.sidecar.faults;

import io.annexdb.sidecar.endtoend.Ask;
import io.annexdb.sidecar.model.Lsn;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks the sidecar all the time, with strong consistency, and keeps its answers for the judge. That
 * it may not serve, or is not there, is an answer too, which is counted.
 */
final class Searches implements AutoCloseable {
    static final int K = 10;

    private static final int PAUSE_MILLIS = 10;

    /** Where a sidecar mostly starts, each of its seconds counts. */
    private static final int SELDOM_MILLIS = 40;

    private static final Lsn END = new Lsn(Long.MAX_VALUE);

    private final FaultScene scene;
    private final String index;
    private final int pauseMillis;
    private final Thread thread;
    private final List<Reply> replies = new ArrayList<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final Queue<RuntimeException> failures = new ConcurrentLinkedQueue<>();
    private volatile int answered;
    private volatile boolean stopped;

    /**
     * An answer.
     *
     * @param seed of the query
     * @param flushed what the server had flushed before it was asked for
     * @param since the oldest state that it may show: the position that it names, or, of an index
     *     that was replaced while it was asked, what was flushed before its number was read, as in
     *     the snapshot of a SQL statement
     * @param until what the server had written when it had come
     * @param nanos when it was asked for, by {@link System#nanoTime}
     */
    record Reply(long seed, Ask.Answer answer, Lsn flushed, Lsn since, Lsn until, long nanos) {
        /** What was asked for. */
        float[] query() {
            return Load.vector(new Random(seed));
        }
    }

    private Searches(FaultScene scene, String index, int pauseMillis, long seed) {
        this.scene = scene;
        this.index = index;
        this.pauseMillis = pauseMillis;
        this.thread =
                Thread.ofPlatform().name("searcher").unstarted(() -> search(new Random(seed)));
    }

    static Searches start(FaultScene scene, String index, long seed) {
        return start(scene, index, PAUSE_MILLIS, seed);
    }

    static Searches startSeldom(FaultScene scene, String index, long seed) {
        return start(scene, index, SELDOM_MILLIS, seed);
    }

    private static Searches start(FaultScene scene, String index, int pauseMillis, long seed) {
        Searches searches = new Searches(scene, index, pauseMillis, seed);
        searches.thread.start();
        return searches;
    }

    /** The answers; once it is closed. */
    List<Reply> replies() {
        return replies;
    }

    int refused() {
        return refused.get();
    }

    /** Waits until so many more answers have come: without any, nothing would be judged. */
    void awaitMore(int count) throws InterruptedException {
        int enough = answered + count;
        FaultScene.await(
                "too few searches are answered: " + this,
                () -> answered >= enough || !failures.isEmpty());
    }

    @Override
    public void close() {
        stopped = true;
        Load.join(thread);
        RuntimeException failed = failures.peek();
        if (failed != null) {
            throw new AssertionError("the searcher failed", failed);
        }
    }

    private void search(Random random) {
        while (!stopped) {
            try (Connection database = scene.connect();
                    Statement statement = database.createStatement();
                    Ask sidecar = Ask.connect(scene.wirePort())) {
                while (!stopped) {
                    ask(statement, sidecar, random);
                    Thread.sleep(pauseMillis);
                }
            } catch (SQLException e) {
                refused.incrementAndGet();
                pause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                failures.add(e);
                return;
            }
        }
    }

    private void ask(Statement statement, Ask sidecar, Random random) throws SQLException {
        long nanos = System.nanoTime();
        long seed = random.nextLong();
        Lsn flushed = position(statement, "flush");
        long id = indexId(statement);
        Ask.Answer answer = sidecar.search(id, Load.vector(new Random(seed)), K);
        Lsn since = answer.applied();
        Lsn until = END;
        try {
            since = indexId(statement) == id ? since : flushed;
            until = position(statement, "insert");
        } finally {
            replies.add(new Reply(seed, answer, flushed, since, until, nanos));
            answered = replies.size();
        }
    }

    private long indexId(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery(
                        "select index_id from memory.vector_indexes where index_name = '"
                                + index
                                + "'")) {
            if (!row.next()) {
                throw new SQLException("no index", "42704");
            }
            return row.getLong(1);
        }
    }

    private static Lsn position(Statement statement, String which) throws SQLException {
        try (ResultSet row =
                statement.executeQuery("select pg_current_wal_" + which + "_lsn()::text")) {
            row.next();
            return Lsn.parse(row.getString(1));
        }
    }

    private void pause() {
        try {
            Thread.sleep(5L * pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** For messages. */
    @Override
    public String toString() {
        return answered + " answers, " + refused + " refusals";
    }
}
