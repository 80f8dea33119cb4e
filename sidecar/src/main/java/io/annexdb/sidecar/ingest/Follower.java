package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.CompareIndex;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.PrimaryPosition;
import io.annexdb.sidecar.model.SlotRetention;
import io.annexdb.sidecar.replication.FlushPosition;
import io.annexdb.sidecar.replication.ReadRetention;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.SqlSession;
import io.annexdb.sidecar.replication.StreamStatus;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the indexes of this sidecar equal to its PostgreSQL's tables: the one door of this package.
 * Five threads: the stream's reader, ingest, the audit, one for slots and first copies, one that
 * wakes a sleeping server. Outages of PostgreSQL are survived; what does not work is told by {@link
 * #status} and tried again.
 */
public final class Follower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);

    private final FollowerSettings settings;
    private final SourceSettings source;
    private final IndexRegistry registry;
    private final Telemetry telemetry;
    private final SqlSession sql;
    private final FlushPosition flush;
    private final StreamKeeper stream;
    private final Lateness lateness = new Lateness();
    private final Ingest ingest;
    private final SlowJobs jobs;
    private final WaitReport waits;
    private final Reconcile reconcile;
    private final Comparisons comparisons;
    private final WakeServer wake;
    private final Thread auditor;
    private final Object auditing = new Object();
    private final Semaphore alarm = new Semaphore(0);
    private volatile boolean closed;
    private volatile @Nullable String error;
    private volatile SlotRetention retention = SlotRetention.NONE;

    public Follower(FollowerSettings settings, IndexRegistry registry, Telemetry telemetry) {
        this.settings = settings;
        this.source =
                new SourceSettings(
                        settings.jdbcUrl(), settings.user(), settings.password(), settings.name());
        this.registry = registry;
        this.telemetry = telemetry;
        this.sql = new SqlSession(source);
        this.flush = new FlushPosition(source);
        this.stream = new StreamKeeper(source, registry, telemetry);
        this.ingest = new Ingest(registry, stream::acknowledge, lateness);
        this.jobs = new SlowJobs(this::raiseAlarm);
        this.reconcile =
                new Reconcile(
                        source,
                        settings.copyConnections(),
                        registry,
                        telemetry,
                        sql,
                        flush,
                        ingest,
                        jobs,
                        stream);
        this.comparisons = new Comparisons(this::prepare);
        this.waits = new WaitReport(jobs, comparisons, sql);
        this.wake = new WakeServer(new SqlSession(source), registry, stream);
        this.auditor = Thread.ofPlatform().daemon().name("annex-audit").unstarted(this::run);
        telemetry.positions(
                () -> registry.appliedLsn().value(),
                () -> registry.durableLsn().value(),
                () -> flush.last().value(),
                () -> stream.isStreaming() ? 1 : 0);
        telemetry.slot(
                this::lagSeconds, () -> retention.retainedBytes(), () -> retention.safeBytes());
        telemetry.durability(
                () -> ingest.syncError().isPresent() ? 1 : 0, registry::unwrittenBytes);
    }

    /** Starts the threads; returns at once, also when PostgreSQL is down. */
    public void start() {
        ingest.start();
        jobs.start();
        wake.start();
        auditor.start();
    }

    /** Runs one audit now and returns when it is done. Failures are told by {@link #status}. */
    public void refresh() {
        synchronized (auditing) {
            audit();
        }
    }

    /**
     * The primary's flush position, over a connection of its own; the stream will soon be there.
     * Never that of a server which may lack what the indexes have.
     */
    public PrimaryPosition primaryPosition() {
        return () -> {
            Lsn applied = registry.appliedLsn();
            Lsn flushed =
                    registry.identity()
                            .map(ours -> flush.flushLsnOf(ours.server()))
                            .orElseGet(flush::flushLsn);
            if (!flushed.isAtLeast(applied)) {
                throw new AnnexException(
                        ErrorCode.NOT_SERVABLE,
                        "the indexes are at " + applied + ", the primary's log ends at " + flushed,
                        "The server has lost changes; the indexes are about to be compared.");
            }
            wake.expect(flushed);
            return flushed;
        };
    }

    /** Not beside an audit, which asks over the same connection. */
    private Comparison prepare(long indexId, boolean repair) {
        synchronized (auditing) {
            return new Comparison(indexId, repair, source, registry, ingest, reconcile, telemetry);
        }
    }

    /** Compares indexes with their tables. */
    public CompareIndex comparisons() {
        return comparisons;
    }

    public FollowerStatus status() {
        StreamStatus now = stream.status();
        Optional<String> failure =
                Optional.ofNullable(error)
                        .or(() -> now.streaming() ? Optional.empty() : now.error())
                        .or(jobs::error)
                        .or(ingest::syncError);
        return new FollowerStatus(
                now.streaming(),
                failure,
                source.slotName(),
                flush.last(),
                now.received(),
                registry.appliedLsn(),
                registry.durableLsn(),
                lagSeconds(),
                retention,
                waits.activities());
    }

    /**
     * Asked by each audit, too, so that a moment without a lag is not missed for long. While the
     * server cannot be asked, nobody knows whether there is one.
     */
    private double lagSeconds() {
        long nowMicros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        if (error == null && registry.appliedLsn().isAtLeast(flush.last())) {
            lateness.caughtUp(nowMicros);
        }
        return lateness.seconds(nowMicros);
    }

    /** Stops all threads and connections; within 5 s, whatever the server does. */
    @Override
    public void close() {
        closed = true;
        raiseAlarm();
        sql.close();
        flush.close();
        wake.close();
        jobs.close();
        comparisons.close();
        stream.stop();
        ingest.close();
        try {
            auditor.join(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed) {
            refresh();
            awaitAlarm();
        }
    }

    private void audit() {
        if (closed) {
            return;
        }
        try {
            comparisons.endForgotten();
            reconcile.audit();
            waits.update();
            retention = sql.ask(connection -> ReadRetention.read(connection, source.slotName()));
            error = null;
            lagSeconds();
        } catch (AnnexException e) {
            failed(e);
        } catch (RuntimeException | Error e) {
            LOG.error("The audit failed", e);
            error = e.toString();
        }
        stream.checkAlive();
    }

    /** A server that is going down waits for its streams; ours need not be drained for that. */
    private void failed(AnnexException e) {
        if (closed) {
            return;
        }
        String text = e.hint().map(hint -> e.getMessage() + ". " + hint).orElse(e.getMessage());
        if (error == null) {
            LOG.warn("The catalog could not be compared, will try again: {}", text);
        } else {
            LOG.debug("The catalog still could not be compared: {}", text);
        }
        error = text;
        if (SqlSession.isShutdown(e)) {
            stream.interrupt("the server is shutting down");
        }
    }

    private void raiseAlarm() {
        alarm.release();
    }

    private void awaitAlarm() {
        try {
            if (alarm.tryAcquire(settings.auditInterval().toMillis(), TimeUnit.MILLISECONDS)) {
                alarm.drainPermits();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        }
    }
}
