package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.replication.EmptyMessage;
import io.annexdb.sidecar.replication.SqlSession;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;

/**
 * Sees to it that a position which searches wait for arrives within milliseconds. Two things make
 * the server keep it back for seconds:
 *
 * <ul>
 *   <li>Since PostgreSQL 16 a walsender that is just going to sleep can miss the wake-up of a
 *       commit; it sleeps on until half of wal_sender_timeout. About one commit in a hundred, when
 *       each is followed by a search at once.
 *   <li>The flush position may lie inside a record whose rest is still in memory; nothing can be
 *       decoded up to there before the next flush.
 * </ul>
 *
 * <p>An empty message cures both. It is written only when someone waits and the stream has stood
 * still meanwhile, at growing intervals.
 */
final class WakeServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WakeServer.class);
    private static final Duration PATIENCE_MIN = Duration.ofMillis(3);
    private static final Duration PATIENCE_MAX = Duration.ofMillis(200);

    private final SqlSession sql;
    private final IndexRegistry registry;
    private final StreamKeeper stream;
    private final Thread thread;
    private Lsn expected = Lsn.ZERO;
    private boolean watching;
    private volatile boolean closed;

    WakeServer(SqlSession sql, IndexRegistry registry, StreamKeeper stream) {
        this.sql = sql;
        this.registry = registry;
        this.stream = stream;
        this.thread = Thread.ofPlatform().daemon().name("annex-wake").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Someone waits for this position. */
    void expect(Lsn position) {
        if (registry.appliedLsn().isAtLeast(position)) {
            return;
        }
        synchronized (this) {
            expected = expected.max(position);
            if (!watching) {
                notifyAll();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        sql.close();
        synchronized (this) {
            notifyAll();
        }
    }

    private void run() {
        try {
            while (!closed) {
                watchOrRest(next());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watchOrRest(Lsn position) throws InterruptedException {
        try {
            watch(position);
        } catch (RuntimeException | Error e) {
            LOG.error("Nobody wakes the server for a moment", e);
            Thread.sleep(PATIENCE_MAX);
        }
    }

    private synchronized Lsn next() throws InterruptedException {
        watching = false;
        while (!closed && registry.appliedLsn().isAtLeast(expected)) {
            wait();
        }
        watching = true;
        return expected;
    }

    private void watch(Lsn position) throws InterruptedException {
        Duration patience = PATIENCE_MIN;
        Lsn before = stream.status().received();
        while (!closed && !registry.awaitApplied(position, patience)) {
            Lsn now = stream.status().received();
            if (now.equals(before) && stream.isStreaming()) {
                wake();
            }
            Duration doubled = patience.multipliedBy(2);
            patience = doubled.compareTo(PATIENCE_MAX) < 0 ? doubled : PATIENCE_MAX;
            before = now;
        }
    }

    private void wake() {
        try {
            sql.tell(EmptyMessage::write);
        } catch (AnnexException e) {
            LOG.debug("Could not wake the server", e);
        }
    }
}
