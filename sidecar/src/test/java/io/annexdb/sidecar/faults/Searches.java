package io.annexdb.sidecar.faults;

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
    private static final Lsn END = new Lsn(Long.MAX_VALUE);

    private final FaultScene scene;
    private final String index;
    private final Thread thread;
    private final List<Reply> replies = new ArrayList<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final Queue<RuntimeException> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    /**
     * An answer.
     *
     * @param flushed what the server had flushed before it was asked for
     * @param until what the server had written when it had come
     * @param nanos when it was asked for, by {@link System#nanoTime}
     */
    record Reply(Query query, Ask.Answer answer, Lsn flushed, Lsn until, long nanos) {}

    /** What was asked for. */
    static final class Query {
        final float[] vector;

        Query(float[] vector) {
            this.vector = vector;
        }
    }

    private Searches(FaultScene scene, String index, long seed) {
        this.scene = scene;
        this.index = index;
        this.thread =
                Thread.ofPlatform().name("searcher").unstarted(() -> search(new Random(seed)));
    }

    static Searches start(FaultScene scene, String index, long seed) {
        Searches searches = new Searches(scene, index, seed);
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
                    Thread.sleep(PAUSE_MILLIS);
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
        Query query = new Query(Load.vector(random));
        Lsn flushed = position(statement, "flush");
        long id = indexId(statement);
        Ask.Answer answer = sidecar.search(id, query.vector, K);
        Lsn until = END;
        try {
            until = position(statement, "insert");
        } finally {
            replies.add(new Reply(query, answer, flushed, until, nanos));
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
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** For messages. */
    @Override
    public String toString() {
        return replies.size() + " answers, " + refused + " refusals";
    }
}
