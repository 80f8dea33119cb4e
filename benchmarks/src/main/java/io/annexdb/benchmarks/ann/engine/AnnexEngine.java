package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.ListOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The sidecar's live index, through the same doors as ingest and query use: loaded as a first copy,
 * durable, linked in the background, and never frozen.
 */
final class AnnexEngine implements Engine {
    private static final long POLL_NANOS = 5_000_000;

    private final Map<String, String> parameters = new LinkedHashMap<>();
    private @Nullable IndexRegistry registry;
    private @Nullable VectorIndex index;
    private @Nullable AnnexFilter filter;

    @Override
    public Map<String, String> parameters() {
        return parameters;
    }

    @Override
    public void build(VectorFile base, BuildRequest request, BuildProgress progress) {
        filter = new AnnexFilter(request);
        registry = open(request);
        index = registry.openOrCreate(shard(request, filter, base.dimension()));
        load(index, base, filter, progress);
        awaitLinked(index, progress);
        describe(request);
    }

    private static IndexRegistry open(BuildRequest request) {
        return IndexRegistry.open(
                IndexSettings.of(request.directory()).withLinkerThreads(request.threads()));
    }

    private static ShardDefinition shard(BuildRequest request, AnnexFilter filter, int dimension) {
        IndexDefinition definition =
                new IndexDefinition(
                        1,
                        "bench",
                        "bench",
                        "embedding",
                        ElementType.FLOAT32,
                        request.metric(),
                        request.method(),
                        List.of("id"),
                        filter.namespaceColumn(),
                        dimension,
                        options(request),
                        filter.included());
        return new ShardDefinition(definition, 1, "bench");
    }

    private static IndexOptions options(BuildRequest request) {
        // The --m of graphs is no number of segments: lists choose theirs by dimension.
        int m = request.method() == Method.IVFPQ ? 0 : request.m();
        return new IndexOptions(
                m,
                request.efConstruction(),
                request.quantization(),
                request.vectors(),
                ListOptions.DEFAULT);
    }

    private static void load(
            VectorIndex index, VectorFile base, AnnexFilter filter, BuildProgress progress) {
        index.beginLoad(new Lsn(1), base.rows());
        for (int row = 0; row < base.rows(); row++) {
            index.load(key(row), filter.namespace(row), filter.attributes(row), base.row(row));
            progress.at("load", row + 1, base.rows());
        }
        index.finishLoad();
    }

    private static void awaitLinked(VectorIndex index, BuildProgress progress) {
        long rows = index.status().rows();
        long fresh = index.status().freshRows();
        while (fresh > 0) {
            progress.at("link", rows - fresh, rows);
            LockSupport.parkNanos(POLL_NANOS);
            fresh = index.status().freshRows();
        }
        progress.at("link", rows, rows);
    }

    private static RowKey key(int row) {
        return RowKey.of(Integer.toString(row));
    }

    /** One row of a transaction, for {@link AnnexRows}. */
    void upsert(VectorIndex into, int row, float[] vector) {
        AnnexFilter rows = builtFilter();
        into.upsert(key(row), rows.namespace(row), rows.attributes(row), vector);
    }

    @Override
    public Optional<LiveRows> live() {
        if (registry == null) {
            throw new IllegalStateException("the index is not built");
        }
        return Optional.of(new AnnexRows(registry, opened(), this));
    }

    private void describe(BuildRequest request) {
        parameters.put("method", request.method().sqlName());
        parameters.put("quantization", request.quantization().sqlName());
        parameters.put("vectors", request.vectors().sqlName());
        if (request.method() == Method.IVFPQ) {
            parameters.put("nlist, nprobe, m, nbits", "by size");
        } else {
            parameters.put("m", Integer.toString(request.m()));
            parameters.put("ef_construction", Integer.toString(request.efConstruction()));
        }
        parameters.put("index", "live, durable, tombstones and linkers on");
        parameters.put("filter", builtFilter().description());
        ShardStatus status = opened().status();
        new TreeMap<>(status.memoryBytes())
                .forEach((part, bytes) ->
                        parameters.put(
                                part,
                                String.format(
                                        Locale.ROOT,
                                        "%.1f B a row",
                                        (double) bytes / status.rows())));
    }

    @Override
    public long bytes() {
        return opened().status().totalMemoryBytes();
    }

    @Override
    public Searcher<List<Neighbor>> searcher() {
        VectorIndex searched = opened();
        String namespace = builtFilter().searchedNamespace();
        Filter predicate = builtFilter().predicate();
        return new Searcher<>() {
            @Override
            public List<Neighbor> search(float[] query, int k, int ef) {
                return searched.reads()
                        .search(
                                query,
                                k,
                                ef,
                                namespace,
                                predicate,
                                Double.POSITIVE_INFINITY,
                                () -> false);
            }

            @Override
            public int[] rows(List<Neighbor> answer, int k) {
                return answer.stream()
                        .mapToInt(neighbor -> Integer.parseInt(neighbor.key().columns().getFirst()))
                        .toArray();
            }
        };
    }

    private AnnexFilter builtFilter() {
        if (filter == null) {
            throw new IllegalStateException("the index is not built");
        }
        return filter;
    }

    private VectorIndex opened() {
        if (index == null) {
            throw new IllegalStateException("the index is not built");
        }
        return index;
    }

    @Override
    public void close() {
        if (registry != null) {
            registry.close();
        }
    }
}
