package io.annexdb.sidecar.query;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Neighbor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Searches the shards of an index for all queries of a request and merges what each contributes.
 * The queries of a batch go in groups: each group scans rows once for all of it. Groups, and the
 * shards of each, run beside each other.
 */
final class SearchShards {
    /** Queries that are scored against a row while it is in the cache. */
    private static final int GROUP_MAX = 16;

    /** So that no thread waits long for the last group of another. */
    private static final int GROUPS_PER_THREAD = 2;

    private final RunTogether together;

    SearchShards(RunTogether together) {
        this.together = together;
    }

    /** What one shard contributes to some queries. */
    interface OneShard {
        List<List<Neighbor>> of(VectorIndex shard, List<float[]> queries, BooleanSupplier stop);
    }

    /**
     * For each query its neighbours in all shards.
     *
     * @param deadlineNanos of {@link System#nanoTime}
     * @throws AnnexException QUERY_CANCELED after the deadline or when cancelled; what a shard
     *     throws
     */
    List<List<Neighbor>> run(
            SearchRequest request,
            List<VectorIndex> shards,
            OneShard search,
            long deadlineNanos,
            BooleanSupplier cancelled) {
        List<List<float[]>> groups = groups(request.vectors());
        AtomicBoolean failed = new AtomicBoolean();
        BooleanSupplier stop =
                () ->
                        cancelled.getAsBoolean()
                                || failed.get()
                                || System.nanoTime() - deadlineNanos >= 0;
        int count = shards.size();
        @SuppressWarnings({"unchecked", "rawtypes"})
        List<List<Neighbor>>[] found = new List[groups.size() * count];
        together.run(
                found.length,
                part -> {
                    try {
                        found[part] =
                                one(
                                        request,
                                        shards.get(part % count),
                                        count,
                                        groups.get(part / count),
                                        search,
                                        stop,
                                        cancelled);
                    } catch (RuntimeException | Error e) {
                        failed.set(true);
                        throw e;
                    }
                });
        List<List<Neighbor>> all = new ArrayList<>(request.vectors().size());
        for (int first = 0; first < found.length; first += count) {
            List<List<Neighbor>> merged = found[first];
            for (int shard = 1; shard < count; shard++) {
                merged = merge(merged, found[first + shard], request.k());
            }
            all.addAll(merged);
        }
        return all;
    }

    private List<List<float[]>> groups(List<float[]> queries) {
        if (queries.size() == 1) {
            return List.of(queries);
        }
        int most =
                Math.clamp(queries.size() / (together.threads() * GROUPS_PER_THREAD), 1, GROUP_MAX);
        List<List<float[]>> groups = new ArrayList<>();
        for (int i = 0; i < queries.size(); i += most) {
            groups.add(queries.subList(i, Math.min(queries.size(), i + most)));
        }
        return groups;
    }

    private static List<List<Neighbor>> one(
            SearchRequest request,
            VectorIndex shard,
            int shards,
            List<float[]> queries,
            OneShard search,
            BooleanSupplier stop,
            BooleanSupplier cancelled) {
        if (stop.getAsBoolean()) {
            throw stopped(request, shards, cancelled);
        }
        try {
            return search.of(shard, queries, stop);
        } catch (AnnexException e) {
            throw e.code() == ErrorCode.QUERY_CANCELED ? stopped(request, shards, cancelled) : e;
        }
    }

    private static List<List<Neighbor>> merge(
            List<List<Neighbor>> left, List<List<Neighbor>> right, int k) {
        List<List<Neighbor>> merged = new ArrayList<>(left.size());
        for (int i = 0; i < left.size(); i++) {
            merged.add(Merge.nearest(left.get(i), right.get(i), k));
        }
        return merged;
    }

    private static AnnexException stopped(
            SearchRequest request, int shards, BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            return new AnnexException(
                    ErrorCode.QUERY_CANCELED, "canceling statement due to user request", null);
        }
        int queries = request.vectors().size();
        return new AnnexException(
                ErrorCode.QUERY_CANCELED,
                "the search did not end within "
                        + request.timeout().toMillis()
                        + " ms (index="
                        + request.indexId()
                        + ", shards="
                        + shards
                        + ", ef_search="
                        + request.efSearch()
                        + (queries == 1 ? "" : ", queries=" + queries)
                        + ")",
                queries == 1
                        ? "Lower ef_search or k, or raise the timeout."
                        : "Give fewer queries at once, lower ef_search or k, or raise the"
                                + " timeout.");
    }
}
