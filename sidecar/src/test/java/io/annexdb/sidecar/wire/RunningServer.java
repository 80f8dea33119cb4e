package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.command.CommandService;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.StreamState;
import io.annexdb.sidecar.query.Fence;
import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.query.StatusService;
import io.annexdb.sidecar.telemetry.Telemetry;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A wire server over a real registry: index 7 with two shards of 500 vectors of 384 dimensions,
 * index 8 that is still loading. The primary's position is whatever a test sets.
 */
final class RunningServer implements AutoCloseable {
    static final String SECRET = "a secret of the tests";
    static final int DIMENSION = 384;
    static final long READY_INDEX = 7;
    static final long LOADING_INDEX = 8;
    static final Lsn APPLIED = Lsn.parse("0/5000");

    final Telemetry telemetry = new Telemetry();
    final IndexRegistry registry;
    final WireServer wire;
    volatile Lsn flushed = APPLIED;

    RunningServer(Path directory) throws IOException {
        this(directory, 500, Duration.ofSeconds(10), Duration.ZERO);
    }

    RunningServer(
            Path directory,
            int connectionLimit,
            Duration authenticationTimeout,
            Duration idleTimeout)
            throws IOException {
        this(
                directory,
                new WireSettings.Limits(
                        connectionLimit,
                        500,
                        16 << 20,
                        authenticationTimeout,
                        idleTimeout,
                        Duration.ofSeconds(60)),
                Optional.empty());
    }

    RunningServer(Path directory, WireSettings.Limits limits, Optional<TlsSettings> tls)
            throws IOException {
        registry = IndexRegistry.open(IndexSettings.of(directory));
        fill();
        Fence fence = new Fence(() -> flushed, registry, telemetry);
        StatusService status =
                new StatusService(
                        "0.1.0",
                        "test",
                        registry,
                        () -> new StreamState(true, "annex_test", flushed, null),
                        Map::of,
                        () -> {});
        CommandService commands =
                new CommandService(
                        new SearchService(registry, fence, telemetry),
                        status,
                        (job, index, repair, patience) -> {
                            throw new AnnexException(
                                    ErrorCode.UNDEFINED_INDEX, "nothing to compare", null);
                        },
                        telemetry,
                        SECRET,
                        "0.1.0");
        wire =
                WireServer.start(
                        new WireSettings("127.0.0.1", 0, SECRET, limits, tls), commands, telemetry);
    }

    int port() {
        return wire.port();
    }

    Connection connect(String parameters) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port() + "/annex?" + parameters, "annex", SECRET);
    }

    /** The vector of a row of index 7, the same in every run. */
    static float[] vector(int id) {
        SplittableRandom random = new SplittableRandom(id);
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextDouble(-1, 1);
        }
        return vector;
    }

    /** Keys that need quoting in JSON, in SQL, and in an array's text form. */
    static RowKey key(int id) {
        return RowKey.of("n'\"\\ä" + id % 3, Integer.toString(id));
    }

    private void fill() {
        for (int shard = 0; shard < 2; shard++) {
            VectorIndex index = registry.openOrCreate(shard(READY_INDEX, 16_400 + shard));
            index.beginLoad(Lsn.parse("0/1000"), 500);
            for (int id = shard; id < 1_000; id += 2) {
                index.load(key(id), key(id).columns().getFirst(), vector(id));
            }
            index.finishLoad();
        }
        registry.openOrCreate(shard(LOADING_INDEX, 16_500)).beginLoad(Lsn.parse("0/1000"), 123);
        registry.advanceApplied(APPLIED);
    }

    private static ShardDefinition shard(long indexId, long relationOid) {
        IndexDefinition index =
                new IndexDefinition(
                        indexId,
                        "index" + indexId,
                        "public.docs",
                        "embedding",
                        ElementType.FLOAT32,
                        Metric.COSINE,
                        Method.AUTO,
                        List.of("namespace", "id"),
                        "namespace",
                        DIMENSION,
                        new IndexOptions(16, 100, Quantization.AUTO));
        return new ShardDefinition(index, relationOid, "public.docs_" + relationOid);
    }

    @Override
    public void close() {
        wire.close();
        registry.close();
        telemetry.close();
    }
}
