package io.annexdb.sidecar.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * All counters, timers and gauges of one sidecar: every name and unit stands here. Each method may
 * be called from any thread, takes well under a microsecond, and never fails.
 */
public final class Telemetry implements AutoCloseable {
    private record RequestKey(String operation, String status) {}

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConcurrentHashMap<RequestKey, Timer> requests = new ConcurrentHashMap<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final JvmGcMetrics garbage = new JvmGcMetrics();
    private final Timer searches =
            histogram("annex.search", "Time inside the index, all shards of a search");
    private final Timer fenceWaits =
            histogram("annex.fence.wait", "Time a request waited for its position");
    private final Counter fenceReads =
            counter("annex.fence.reads", "Positions read at the primary");
    private final Counter refusals =
            counter("annex.connections.refused", "Connections over the limit");
    private final Counter lateClients =
            counter(
                    "annex.connections.expired",
                    "Connections closed because the client was late or idle");
    private final Counter delayedLogins =
            counter("annex.logins.delayed", "Logins that waited because of failures before them");
    private final Counter wrongPasswords =
            counter("annex.authentication.failures", "Logins that failed");
    private final Counter acknowledgements =
            counter("annex.acknowledgements", "Durable positions acknowledged to the slot");
    private final Map<CopyKind, Counter> copies = new EnumMap<>(CopyKind.class);
    private final Counter comparedRows =
            counter("annex.compared.rows", "Rows of tables compared with their index");
    private final Counter differences =
            counter("annex.differences", "Rows in which an index differed from its table");
    private final Map<RecoveryDecision, Counter> recoveries = new EnumMap<>(RecoveryDecision.class);
    private final Map<ConnectCheck, Counter> connectRefusals = new EnumMap<>(ConnectCheck.class);
    private final MultiGauge rows = perIndex("annex.index.rows", "Live rows");
    private final MultiGauge freshRows = perIndex("annex.index.fresh.rows", "Rows not yet linked");
    private final MultiGauge skippedRows =
            perIndex("annex.index.skipped.rows", "Rows whose vector could not be indexed");
    private final MultiGauge tombstones =
            perIndex("annex.index.tombstones", "Slots of deleted rows");
    private final MultiGauge memoryBytes =
            perIndex("annex.index.memory.bytes", "Memory of the index");
    private final MultiGauge fileBytes = perIndex("annex.index.file.bytes", "Files of the index");
    private final MultiGauge kernelInfo =
            MultiGauge.builder("annex.kernel.info")
                    .description("1 for the path on which each kind of distance is computed")
                    .register(registry);
    private volatile Supplier<List<IndexFigures>> indexes = List::of;
    private volatile Supplier<List<KernelFigures>> kernels = List::of;

    /** Starts counting; nothing is exported until someone calls {@link #scrape}. */
    public Telemetry() {
        Gauge.builder("annex.connections", connections, AtomicInteger::doubleValue)
                .description("Open client connections")
                .register(registry);
        for (RecoveryDecision decision : RecoveryDecision.values()) {
            recoveries.put(
                    decision,
                    Counter.builder("annex.recovery")
                            .description("Recoveries, by the rung of the ladder that they took")
                            .tag("decision", decision.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        for (CopyKind kind : CopyKind.values()) {
            copies.put(
                    kind,
                    Counter.builder("annex.copies")
                            .description("Shards filled from their table, or compared with it")
                            .tag("kind", kind.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        for (ConnectCheck check : ConnectCheck.values()) {
            connectRefusals.put(
                    check,
                    Counter.builder("annex.connect.refusals")
                            .description("Starts of the stream that were refused, by what failed")
                            .tag("check", check.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        new JvmMemoryMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        garbage.bindTo(registry);
    }

    /**
     * Counts a request that was answered.
     *
     * @param operation search, rank or status
     * @param status ok, or the SQLSTATE of the error
     * @param nanos from the request's arrival to its answer
     */
    public void request(String operation, String status, long nanos) {
        requests.computeIfAbsent(
                        new RequestKey(operation, status),
                        key ->
                                Timer.builder("annex.requests")
                                        .description("Requests answered, by operation and status")
                                        .tags("operation", key.operation, "status", key.status)
                                        .register(registry))
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    public void searched(long nanos) {
        searches.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void fenceWaited(long nanos) {
        fenceWaits.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void fenceRead() {
        fenceReads.increment();
    }

    public void connectionOpened() {
        connections.incrementAndGet();
    }

    public void connectionClosed() {
        connections.decrementAndGet();
    }

    public void connectionRefused() {
        refusals.increment();
    }

    public void connectionExpired() {
        lateClients.increment();
    }

    public void loginDelayed() {
        delayedLogins.increment();
    }

    /**
     * Shows until when the certificate in use is valid.
     *
     * @param notAfterSeconds since 1970
     * @param filesRejected 1 while the files hold something that is not used
     */
    public void certificate(LongSupplier notAfterSeconds, LongSupplier filesRejected) {
        gauge(
                "annex.tls.certificate.expiry.timestamp.seconds",
                "When the certificate in use ends, in seconds since 1970",
                notAfterSeconds);
        gauge(
                "annex.tls.files.rejected",
                "1 while certificate or key were replaced by what cannot be used",
                filesRejected);
    }

    public void authenticationFailed() {
        wrongPasswords.increment();
    }

    /** A durable position was acknowledged, so that PostgreSQL may drop the log before it. */
    public void acknowledged() {
        acknowledgements.increment();
    }

    /** A shard's table was copied, and its index serves. */
    public void copied(CopyKind kind) {
        Counter counter = copies.get(kind);
        if (counter != null) {
            counter.increment();
        }
    }

    /** An index was compared with so many rows of a table, and this many were different. */
    public void compared(long tableRows, long differing) {
        comparedRows.increment((double) tableRows);
        differences.increment((double) differing);
    }

    /** A restart, a lost connection or a gap was recovered from. */
    public void recovered(RecoveryDecision decision) {
        Counter counter = recoveries.get(decision);
        if (counter != null) {
            counter.increment();
        }
    }

    /** The stream was not started, or a shard left out of it, for what this check found. */
    public void refused(ConnectCheck check) {
        Counter counter = connectRefusals.get(check);
        if (counter != null) {
            counter.increment();
        }
    }

    /** Where the paths of the distance kernels come from; asked once per scrape. */
    public void kernels(Supplier<List<KernelFigures>> source) {
        kernels = source;
    }

    /**
     * Shows where the stream stands.
     *
     * @param appliedBytes position applied to the indexes
     * @param durableBytes position that survives a crash
     * @param flushedBytes newest known flush position of the primary
     * @param streaming 1 while changes come in, else 0
     */
    public void positions(
            LongSupplier appliedBytes,
            LongSupplier durableBytes,
            LongSupplier flushedBytes,
            LongSupplier streaming) {
        gauge("annex.applied.lsn.bytes", "Position applied to the indexes", appliedBytes);
        gauge("annex.durable.lsn.bytes", "Position that survives a crash", durableBytes);
        gauge("annex.flush.lsn.bytes", "Newest known flush position of the primary", flushedBytes);
        gauge(
                "annex.lag.bytes",
                "Log flushed by the primary and not yet applied",
                () -> Math.max(0, flushedBytes.getAsLong() - appliedBytes.getAsLong()));
        gauge("annex.streaming", "1 while changes come in", streaming);
    }

    /**
     * Shows how late the sidecar is, and what log its slot holds back.
     *
     * @param lagSeconds how long ago the newest commit was made that does not wait to be applied
     * @param retainedBytes log that the server keeps for the slot, -1 when there is none
     * @param safeBytes log that may be written before the slot can be lost, -1 without a limit
     */
    public void slot(
            DoubleSupplier lagSeconds, LongSupplier retainedBytes, LongSupplier safeBytes) {
        Gauge.builder("annex.lag.seconds", lagSeconds::getAsDouble)
                .description("How long ago the newest commit was made that is applied; 0 if all is")
                .register(registry);
        gauge(
                "annex.slot.retained.bytes",
                "Log that PostgreSQL keeps for the slot; -1 without a slot",
                retainedBytes);
        gauge(
                "annex.slot.safe.bytes",
                "Log that may be written before the slot can be lost; -1 without a limit",
                safeBytes);
    }

    /**
     * Shows whether the disk takes what is applied.
     *
     * @param failing 1 while changes cannot be made durable, else 0
     * @param unwrittenBytes bytes that it has refused so far
     */
    public void durability(LongSupplier failing, LongSupplier unwrittenBytes) {
        gauge("annex.sync.failing", "1 while changes cannot be made durable", failing);
        gauge("annex.unwritten.bytes", "Bytes that the disk has refused so far", unwrittenBytes);
    }

    /**
     * Shows how much memory the indexes take, and whether one is out of service.
     *
     * @param usedBytes native memory of all indexes
     * @param limitBytes the most that they may take
     * @param failed indexes of which a shard has failed
     */
    public void resources(LongSupplier usedBytes, LongSupplier limitBytes, LongSupplier failed) {
        gauge("annex.memory.used.bytes", "Native memory of all indexes", usedBytes);
        gauge("annex.memory.limit.bytes", "The most that indexes may take", limitBytes);
        gauge("annex.failed.indexes", "Indexes that are out of service", failed);
    }

    /** Where the figures per index come from; asked once per scrape. */
    public void indexes(Supplier<List<IndexFigures>> source) {
        indexes = source;
    }

    /** Everything, in Prometheus's text format. */
    public String scrape() {
        List<IndexFigures> figures = indexes.get();
        fill(rows, figures, IndexFigures::rows);
        fill(freshRows, figures, IndexFigures::freshRows);
        fill(skippedRows, figures, IndexFigures::skippedRows);
        fill(tombstones, figures, IndexFigures::tombstones);
        fill(memoryBytes, figures, IndexFigures::memoryBytes);
        fill(fileBytes, figures, IndexFigures::fileBytes);
        kernelInfo.register(
                kernels.get().stream().map(each -> MultiGauge.Row.of(tags(each), 1)).toList(),
                true);
        return registry.scrape();
    }

    private static Tags tags(KernelFigures kernel) {
        return Tags.of(
                "metric",
                kernel.metric(),
                "elements",
                kernel.elements(),
                "path",
                kernel.path(),
                "bits",
                Integer.toString(kernel.bits()));
    }

    @Override
    public void close() {
        garbage.close();
        registry.close();
    }

    private static void fill(
            MultiGauge gauge, List<IndexFigures> figures, ToLongFunction<IndexFigures> value) {
        gauge.register(
                figures.stream()
                        .map(each ->
                                MultiGauge.Row.of(
                                        Tags.of("index", each.index()), value.applyAsLong(each)))
                        .toList(),
                true);
    }

    private Timer histogram(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofNanos(20_000))
                .maximumExpectedValue(Duration.ofSeconds(10))
                .register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    private void gauge(String name, String description, LongSupplier value) {
        Gauge.builder(name, value::getAsLong).description(description).register(registry);
    }

    private MultiGauge perIndex(String name, String description) {
        return MultiGauge.builder(name).description(description).register(registry);
    }
}
