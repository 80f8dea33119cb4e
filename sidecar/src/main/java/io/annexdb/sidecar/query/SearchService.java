package io.annexdb.sidecar.query;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.filter.FilterCache;
import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Answers requests: checks, waits for the asked position, searches the index's shards on this node,
 * merges. Called by any number of threads at once; a batch takes help of others that are free.
 */
public final class SearchService {
    private final IndexRegistry registry;
    private final Fence fence;
    private final Telemetry telemetry;
    private final SearchShards searchShards;
    private final FilterCache filters = new FilterCache();

    /**
     * Searches the indexes of the registry behind the fence.
     *
     * @param together runs the parts of a batch
     */
    public SearchService(
            IndexRegistry registry, Fence fence, Telemetry telemetry, RunTogether together) {
        this.registry = registry;
        this.fence = fence;
        this.telemetry = telemetry;
        this.searchShards = new SearchShards(together);
    }

    /** One whose searches stay on their own threads. */
    public SearchService(IndexRegistry registry, Fence fence, Telemetry telemetry) {
        this(registry, fence, telemetry, RunTogether.alone());
    }

    /**
     * The k nearest rows of the index on this node, or all that match, for each query: of one
     * moment, behind one wait.
     *
     * @param cancelled asked now and then; when true the request ends with QUERY_CANCELED
     * @throws AnnexException with the code that says what is wrong
     */
    public SearchAnswer search(SearchRequest request, BooleanSupplier cancelled) {
        return answer(
                request,
                cancelled,
                (shard, queries, stop) ->
                        shard.reads()
                                .searchAll(
                                        queries,
                                        request.k(),
                                        request.efSearch(),
                                        request.namespace(),
                                        filter(request, shard),
                                        request.maxDistance(),
                                        stop));
    }

    /** As {@link #search}, among exactly these rows and with exact distances. */
    public SearchAnswer rank(SearchRequest request, List<RowKey> keys, BooleanSupplier cancelled) {
        return answer(
                request,
                cancelled,
                (shard, queries, stop) ->
                        shard.reads()
                                .rankAll(queries, request.k(), keys, request.maxDistance(), stop));
    }

    /**
     * The request's filter for a shard. Only columns are used whose type the coordinator and the
     * shard agree on.
     */
    private @Nullable Filter filter(SearchRequest request, VectorIndex shard) {
        RequestedFilter wanted = request.filter();
        if (wanted == null) {
            return null;
        }
        List<IncludedColumn> included = shard.definition().index().include();
        Set<String> usable =
                included.stream()
                        .filter(column ->
                                column.description().equals(wanted.columns().get(column.name())))
                        .map(IncludedColumn::name)
                        .collect(Collectors.toSet());
        return filters.get(wanted.text(), included, usable, wanted.utc());
    }

    private SearchAnswer answer(
            SearchRequest request, BooleanSupplier cancelled, SearchShards.OneShard search) {
        long began = System.nanoTime();
        long deadline = began + request.timeout().toNanos();
        CheckRequest.values(request);
        // Before the wait, because what is wrong now is not cured by waiting; and during and after
        // it, because the index may be dropped, or the stream may bring a moved shard.
        servableShards(request).forEach(shard -> filter(request, shard));
        Lsn waitedFor =
                fence.await(
                        request.consistency(),
                        request.staleness(),
                        deadline,
                        cancelled,
                        () -> mayYetServe(request));
        List<VectorIndex> shards = servableShards(request);
        Lsn applied = registry.appliedLsn();
        long fenced = System.nanoTime();
        List<List<Neighbor>> nearest = run(request, shards, search, deadline, cancelled);
        long ended = System.nanoTime();
        telemetry.searched(ended - fenced);
        return new SearchAnswer(
                nearest,
                applied,
                waitedFor,
                shards.size(),
                TimeUnit.NANOSECONDS.toMicros(fenced - began),
                TimeUnit.NANOSECONDS.toMicros(ended - fenced));
    }

    private List<List<Neighbor>> run(
            SearchRequest request,
            List<VectorIndex> shards,
            SearchShards.OneShard search,
            long deadline,
            BooleanSupplier cancelled) {
        try {
            return searchShards.run(request, shards, search, deadline, cancelled);
        } catch (AnnexException e) {
            throw e.code() == ErrorCode.DIMENSION_MISMATCH
                    ? CompareDimensions.explain(e, request, shards)
                    : e;
        }
    }

    private List<VectorIndex> servableShards(SearchRequest request) {
        List<VectorIndex> shards = registry.shardsOf(request.indexId());
        if (shards.isEmpty()) {
            throw new AnnexException(
                    ErrorCode.UNDEFINED_INDEX,
                    "this sidecar has no shard of index " + request.indexId(),
                    "It may have been dropped, or not yet been created here; see"
                            + " annex.index_status.");
        }
        registry.suspension()
                .ifPresent(reason -> {
                    throw new AnnexException(
                            ErrorCode.NOT_SERVABLE,
                            "the indexes are about to be compared with the server: " + reason,
                            "Wait with annex.wait_for_index.");
                });
        for (VectorIndex shard : shards) {
            switch (shard.state()) {
                case READY -> {}
                case LOADING -> throw loading(shard);
                case FAILED -> throw failed(shard);
            }
        }
        return shards;
    }

    /**
     * For the wait: a shard that is loaded meanwhile, such as a new partition's, may be in time.
     */
    private void mayYetServe(SearchRequest request) {
        List<VectorIndex> shards = registry.shardsOf(request.indexId());
        boolean mayBeInTime =
                registry.suspension().isEmpty()
                        && shards.stream().anyMatch(shard -> shard.state() == State.READY)
                        && shards.stream().noneMatch(shard -> shard.state() == State.FAILED);
        if (!mayBeInTime) {
            servableShards(request);
        }
    }

    private static AnnexException loading(VectorIndex shard) {
        ShardStatus status = shard.status();
        return new AnnexException(
                ErrorCode.NOT_SERVABLE,
                "index \""
                        + shard.definition().index().name()
                        + "\" is still loading "
                        + shard.definition().relation()
                        + ": "
                        + status.loadedRows()
                        + " of about "
                        + status.expectedRows()
                        + " rows",
                "Wait with annex.wait_for_index.");
    }

    private static AnnexException failed(VectorIndex shard) {
        return new AnnexException(
                ErrorCode.NOT_SERVABLE,
                "index \""
                        + shard.definition().index().name()
                        + "\" failed on "
                        + shard.definition().relation()
                        + ": "
                        + shard.status().failure(),
                "Cure the cause; if it stays so, drop the index and create it again.");
    }
}
