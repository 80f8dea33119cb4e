package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ComparisonProgress;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.model.TableComparison;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The comparison of one index's shards here with their tables, one after the other, in a thread of
 * its own. It lives as long as somebody asks how far it is.
 */
final class Comparison {
    private static final Logger LOG = LoggerFactory.getLogger(Comparison.class);
    private static final long ASKED_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final long indexId;
    private final boolean repair;
    private final Reconcile reconcile;
    private final Telemetry telemetry;
    private final List<Reconcile.Followed> shards;
    private final List<CompareTable> tables = new ArrayList<>();
    private final List<TableComparison> results = new ArrayList<>();
    private final RowRate rows = new RowRate();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable CompareTable current;
    private volatile @Nullable AnnexException failure;
    private volatile @Nullable String waitsFor;
    private volatile long askedNanos = System.nanoTime();
    private volatile boolean stopped;

    /** Of the shards that are followed now. */
    Comparison(
            long indexId,
            boolean repair,
            SourceSettings settings,
            IndexRegistry registry,
            Ingest ingest,
            Reconcile reconcile,
            Telemetry telemetry) {
        this.indexId = indexId;
        this.repair = repair;
        this.reconcile = reconcile;
        this.telemetry = telemetry;
        this.shards = reconcile.followed(indexId);
        if (shards.isEmpty()) {
            throw new AnnexException(
                    ErrorCode.UNDEFINED_INDEX,
                    "this sidecar has no shard of index " + indexId,
                    "It may have been dropped, or not yet been created here; see"
                            + " annex.index_status.");
        }
        for (Reconcile.Followed shard : shards) {
            tables.add(new CompareTable(settings, registry, ingest, shard, this::isToEnd, rows));
        }
    }

    void start() {
        Thread.ofPlatform().daemon().name("annex-compare").start(this::run);
    }

    long indexId() {
        return indexId;
    }

    /** How far it is, at its end or when the patience is over. */
    ComparisonProgress ask(Duration patience) {
        askedNanos = System.nanoTime();
        boolean done;
        try {
            done = ended.await(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done = false;
        }
        askedNanos = System.nanoTime();
        AnnexException failed = failure;
        if (done && failed != null) {
            throw failed;
        }
        return progress(done);
    }

    ComparisonProgress progress() {
        return progress(hasEnded());
    }

    private synchronized ComparisonProgress progress(boolean done) {
        return new ComparisonProgress(
                done,
                waitsFor == null ? "comparing with the table" : "waiting for a snapshot",
                results.stream().mapToLong(TableComparison::tableRows).sum()
                        + (done ? 0 : rows.rows()),
                shards.stream().mapToLong(each -> each.facts().estimatedRows()).sum(),
                waitsFor,
                results);
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /** Whether nobody has asked for long. */
    boolean isForgotten() {
        return System.nanoTime() - askedNanos > ASKED_NANOS_MAX;
    }

    /** The table that is compared now. */
    @Nullable CompareTable current() {
        return current;
    }

    IndexActivity activity() {
        ComparisonProgress now = progress();
        return new IndexActivity(
                "%s: %,d of about %,d rows".formatted(now.phase(), now.rows(), now.expectedRows()),
                rows.perSecond(),
                waitsFor);
    }

    /** Says what it waits for, or null. */
    void waitsFor(@Nullable String message) {
        waitsFor = message;
    }

    void stop() {
        stopped = true;
        CompareTable table = current;
        if (table != null) {
            table.abort();
        }
    }

    private boolean isToEnd() {
        return stopped || isForgotten();
    }

    private void run() {
        try {
            for (int i = 0; i < tables.size(); i++) {
                current = tables.get(i);
                done(shards.get(i), tables.get(i).run(repair));
            }
        } catch (AnnexException e) {
            failure = e;
        } catch (Exception e) {
            failure =
                    isToEnd()
                            ? new AnnexException(
                                    ErrorCode.QUERY_CANCELED, "the comparison was ended", null, e)
                            : new AnnexException(
                                    ErrorCode.NOT_SERVABLE,
                                    "the comparison ended early: " + e.getMessage(),
                                    "Ask again when the server can be reached.",
                                    e);
            LOG.warn("The comparison of index {} ended early", indexId, e);
        } finally {
            current = null;
            ended.countDown();
        }
    }

    private void done(Reconcile.Followed shard, TableComparison result) {
        telemetry.compared(result.tableRows(), result.differenceCount());
        if (result.rebuilding()) {
            reconcile.rebuild(shard.route());
        }
        synchronized (this) {
            results.add(result);
        }
    }
}
