package io.annexdb.sidecar;

import com.sun.management.OperatingSystemMXBean;

import io.annexdb.sidecar.command.CommandService;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.ingest.Follower;
import io.annexdb.sidecar.ingest.FollowerSettings;
import io.annexdb.sidecar.kernel.BitKernels;
import io.annexdb.sidecar.kernel.CodeKernels;
import io.annexdb.sidecar.kernel.KernelKind;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.query.Fence;
import io.annexdb.sidecar.query.IndexStatus;
import io.annexdb.sidecar.query.NodeStatus;
import io.annexdb.sidecar.query.RunTogether;
import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.query.StatusService;
import io.annexdb.sidecar.telemetry.IndexFigures;
import io.annexdb.sidecar.telemetry.KernelFigures;
import io.annexdb.sidecar.telemetry.Telemetry;
import io.annexdb.sidecar.wire.TlsSettings;
import io.annexdb.sidecar.wire.WireServer;
import io.annexdb.sidecar.wire.WireSettings;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One running sidecar. Started in this order, stopped in the reverse one: metrics, indexes,
 * follower, queries, wire, HTTP. When a part does not start, those before it are stopped again.
 */
public final class Sidecar implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sidecar.class);

    private static final long MEMORY_LEAST_BYTES = 256 << 20;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final StatusService status;
    private final WireServer wire;
    private final HttpPort http;

    private Sidecar(Config config) throws IOException {
        try {
            // Their self-test takes as long as the first connection to PostgreSQL.
            Thread.ofPlatform().daemon().name("annex-kernels").start(Kernels::ofMachine);
            Telemetry telemetry = started(new Telemetry());
            telemetry.kernels(Sidecar::kernels);
            IndexRegistry registry = started(IndexRegistry.open(indexSettings(config)));
            Follower follower =
                    started(new Follower(followerSettings(config), registry, telemetry));
            follower.start();
            Fence fence = new Fence(follower.primaryPosition(), registry, telemetry);
            RunTogether together = together(started(helpers()));
            SearchService search = new SearchService(registry, fence, telemetry, together);
            status =
                    new StatusService(
                            Version.current(),
                            config.text(Option.NAME),
                            registry,
                            () -> follower.status().streamState(),
                            () -> follower.status().activities(),
                            follower::refresh);
            telemetry.resources(
                    registry::memoryUsedBytes,
                    registry::memoryLimitBytes,
                    () ->
                            status.status().indexes().stream()
                                    .filter(index -> index.state().equals("failed"))
                                    .count());
            telemetry.indexes(
                    () -> status.status().indexes().stream().map(Sidecar::figures).toList());
            CommandService commands =
                    new CommandService(
                            search,
                            status,
                            follower.comparisons(),
                            telemetry,
                            config.text(Option.SECRET),
                            Version.current());
            wire = started(WireServer.start(wireSettings(config), commands, telemetry));
            WarmUp warmUp =
                    started(
                            new WarmUp(
                                    registry,
                                    rehearsing(config, registry, fence, follower),
                                    status::status,
                                    together::isBusy,
                                    Duration.ofMillis(config.number(Option.WARM_UP_MILLIS))));
            warmUp.start();
            http =
                    started(
                            HttpPort.start(
                                    config.text(Option.HTTP_HOST),
                                    config.number(Option.HTTP_PORT),
                                    telemetry,
                                    status::status,
                                    warmUp::obstacles));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts a sidecar. It serves at once; until it streams and an index is loaded, searches are
     * answered with NOT_SERVABLE.
     *
     * @throws IOException if a port or the data directory cannot be used
     */
    static Sidecar start(Config config) throws IOException {
        LOG.info("annex {} starts: {}", Version.current(), config);
        // With TLS 1.2 a client could have one handshake after the other, each dear to us only.
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        return new Sidecar(config);
    }

    /** Port of the PostgreSQL protocol. */
    public int port() {
        return wire.port();
    }

    /** Port of metrics and status. */
    public int httpPort() {
        return http.port();
    }

    /** The state at this moment. */
    public NodeStatus status() {
        return status.status();
    }

    /** Stops everything; takes no more than about ten seconds. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception e) {
                LOG.error("{} does not stop", part.getClass().getSimpleName(), e);
            }
        }
        LOG.info("stopped");
    }

    private <T extends AutoCloseable> T started(T part) {
        parts.push(part);
        return part;
    }

    /** Commands with counters of their own, which nobody reads. */
    private CommandService rehearsing(
            Config config, IndexRegistry registry, Fence fence, Follower follower) {
        Telemetry unread = started(new Telemetry());
        return new CommandService(
                new SearchService(registry, fence, unread),
                status,
                follower.comparisons(),
                unread,
                config.text(Option.SECRET),
                Version.current());
    }

    /** One thread fewer than processors; what finds none free is not run. */
    private static ExecutorService helpers() {
        return new ThreadPoolExecutor(
                0,
                Math.max(1, Runtime.getRuntime().availableProcessors() - 1),
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name("annex-search-", 1).factory(),
                new ThreadPoolExecutor.DiscardPolicy());
    }

    private static RunTogether together(Executor helpers) {
        return new RunTogether(helpers, Runtime.getRuntime().availableProcessors());
    }

    private static List<KernelFigures> kernels() {
        Kernels kernels = Kernels.ofMachine();
        int bits =
                switch (kernels) {
                    case Kernels.Simd simd -> simd.bits();
                    case Kernels.Scalar _ -> Long.SIZE;
                };
        List<KernelFigures> figures = new ArrayList<>();
        for (KernelKind kind : KernelKind.all()) {
            String elements = kind.elements().name().toLowerCase(Locale.ROOT);
            figures.add(path(kind.metric().sqlName(), elements, kernels.isSimd(kind), bits));
        }
        figures.add(path("estimate", "rabitq", BitKernels.bitsAreSimd(), bits));
        figures.add(path("estimate", "sq8", BitKernels.bytesAreSimd(), bits));
        figures.add(path("estimate", "ivfpq", CodeKernels.isSimd(), bits));
        return List.copyOf(figures);
    }

    private static KernelFigures path(String metric, String elements, boolean isSimd, int bits) {
        return new KernelFigures(
                metric, elements, isSimd ? "simd" : "scalar", isSimd ? bits : Long.SIZE);
    }

    private static IndexSettings indexSettings(Config config) {
        return IndexSettings.of(config.dataDirectory())
                .withLinkerThreads(config.number(Option.LINKER_THREADS))
                .withMemoryLimitBytes(memoryLimitBytes(config))
                .withNamespaceScanMax(config.number(Option.NAMESPACE_SCAN_ROWS_MAX));
    }

    /** By default three quarters of what the machine, or container, has besides the heap. */
    private static long memoryLimitBytes(Config config) {
        long configured = (long) config.number(Option.MEMORY_LIMIT_MEGABYTES) << 20;
        if (configured > 0) {
            return configured;
        }
        long machine =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                        .getTotalMemorySize();
        long besides = machine - Runtime.getRuntime().maxMemory();
        return Math.max(MEMORY_LEAST_BYTES, besides / 4 * 3);
    }

    private static FollowerSettings followerSettings(Config config) {
        return new FollowerSettings(
                config.text(Option.DATABASE_URL),
                config.text(Option.DATABASE_USER),
                config.text(Option.DATABASE_PASSWORD),
                config.text(Option.NAME),
                Duration.ofMillis(config.number(Option.AUDIT_INTERVAL_MILLIS)),
                config.number(Option.COPY_CONNECTIONS));
    }

    private static WireSettings wireSettings(Config config) {
        return new WireSettings(
                config.text(Option.LISTEN_HOST),
                config.number(Option.LISTEN_PORT),
                config.text(Option.SECRET),
                new WireSettings.Limits(
                        config.number(Option.CONNECTION_LIMIT),
                        config.number(Option.LOGIN_LIMIT),
                        Math.toIntExact((long) config.number(Option.MESSAGE_LIMIT_MEGABYTES) << 20),
                        seconds(config, Option.AUTHENTICATION_TIMEOUT_SECONDS),
                        seconds(config, Option.IDLE_TIMEOUT_SECONDS),
                        seconds(config, Option.TRANSFER_TIMEOUT_SECONDS)),
                tlsSettings(config));
    }

    private static Duration seconds(Config config, Option option) {
        return Duration.ofSeconds(config.number(option));
    }

    private static Optional<TlsSettings> tlsSettings(Config config) {
        String mode = config.text(Option.TLS_MODE);
        String certificate = config.text(Option.TLS_CERTIFICATE);
        if (mode.equals("disable") || certificate.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new TlsSettings(
                        Path.of(certificate),
                        Path.of(config.text(Option.TLS_KEY)),
                        mode.equals("require")));
    }

    private static IndexFigures figures(IndexStatus index) {
        return new IndexFigures(
                index.name(),
                index.rows(),
                index.freshRows(),
                index.skippedRows(),
                index.tombstones(),
                index.memoryBytes(),
                index.fileBytes());
    }
}
