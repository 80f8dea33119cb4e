package io.annexdb.sidecar.index;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * The answers of a {@link VectorIndex}: each enters the generation of the moment, so that its
 * memory stays, and waits for no writer. Any number of threads.
 */
public final class ReadFace {
    private final ShardDefinition definition;
    private final Shared shared;
    private final ShardStore store;
    private final Serving serving;
    private final BackgroundWork background;
    private final Runnable outgrown;

    /**
     * @param outgrown no row is left, and a query has another dimension than those had: the table
     *     may have such vectors by now
     */
    ReadFace(
            ShardDefinition definition,
            Shared shared,
            ShardStore store,
            Serving serving,
            BackgroundWork background,
            Runnable outgrown) {
        this.definition = definition;
        this.shared = shared;
        this.store = store;
        this.serving = serving;
        this.background = background;
        this.outgrown = outgrown;
    }

    /**
     * The nearest rows, nearest first, ties by key: k of them, or all that match.
     *
     * @param query a vector of the index's dimension
     * @param k number of rows, from 1
     * @param efSearch candidates kept by the search of graph or lists, raised to k when smaller
     * @param namespace only rows of this namespace; null for all
     * @param filter only rows that match; null for all
     * @param maxDistance only rows at most this far; positive infinity for all
     * @param cancelled asked now and then; when true the search ends with QUERY_CANCELED
     * @throws AnnexException NOT_SERVABLE unless the state is READY; DIMENSION_MISMATCH,
     *     INVALID_VECTOR, INVALID_PARAMETER_VALUE for what is asked; QUERY_CANCELED
     */
    public List<Neighbor> search(
            float[] query,
            int k,
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            double maxDistance,
            BooleanSupplier cancelled) {
        return searchAll(List.of(query), k, efSearch, namespace, filter, maxDistance, cancelled)
                .getFirst();
    }

    /** For each query what {@link #search} finds; the queries share the work. */
    public List<List<Neighbor>> searchAll(
            List<float[]> queries,
            int k,
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            double maxDistance,
            BooleanSupplier cancelled) {
        if (filter != null && !filter.included().equals(definition.index().include())) {
            throw new AnnexException(
                    ErrorCode.FILTER_NOT_EVALUABLE,
                    "the included columns of " + definition.relation() + " have changed",
                    "The index follows within a second.");
        }
        int scanMax = shared.settings().namespaceScanMax();
        return answer(
                queries,
                k,
                maxDistance,
                cancelled,
                batch -> batch.search(efSearch, namespace, filter, scanMax));
    }

    /** As the other, without a filter. */
    public List<Neighbor> search(
            float[] query,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            BooleanSupplier cancelled) {
        return search(query, k, efSearch, namespace, null, maxDistance, cancelled);
    }

    /** The nearest k among exactly these rows, by exact distance; unknown keys are left out. */
    public List<Neighbor> rank(float[] query, int k, List<RowKey> keys, double maxDistance) {
        return rankAll(List.of(query), k, keys, maxDistance, () -> false).getFirst();
    }

    /** For each query what {@link #rank} finds; a row is scored against all of them at once. */
    public List<List<Neighbor>> rankAll(
            List<float[]> queries,
            int k,
            List<RowKey> keys,
            double maxDistance,
            BooleanSupplier cancelled) {
        return answer(queries, k, maxDistance, cancelled, batch -> batch.rank(keys));
    }

    /** For each query an answer of the batch. */
    private <T> List<List<T>> answer(
            List<float[]> queries,
            int k,
            double maxDistance,
            BooleanSupplier cancelled,
            Function<BatchSearch, List<List<T>>> how) {
        if (store.rows().isFree()
                && queries.stream().anyMatch(store.rows()::isOfAnotherDimension)) {
            outgrown.run();
        }
        Generation generation = serving.enter();
        if (generation == null) {
            check(queries, definition.index().dimension(), k);
            return Collections.nCopies(queries.size(), List.of());
        }
        try {
            check(queries, generation.segment.vectors().dimension(), k);
            return how.apply(
                    new BatchSearch(
                            generation, shared.scratches(), queries, k, maxDistance, cancelled));
        } finally {
            boolean touched = generation.segment.vectors().isTouched();
            generation.gate.exit();
            if (touched) {
                background.wake();
            }
        }
    }

    /** Against the rows that are entered: a moment before, they may have been others. */
    private void check(List<float[]> queries, int dimension, int k) {
        for (float[] query : queries) {
            CheckQuery.check(definition, dimension, query, k);
        }
    }

    /** The vector of a row, or of one that has gone, at a place from 0 to below 1; or none. */
    public Optional<float[]> sample(double place) {
        Generation generation = store.rows().generation();
        if (generation == null || !generation.gate.enter()) {
            return Optional.empty();
        }
        try {
            int slots = generation.segment.slots();
            return slots == 0
                    ? Optional.empty()
                    : Optional.of(generation.segment.vectors().get((int) (place * slots)));
        } finally {
            generation.gate.exit();
        }
    }

    /** What there is, and what the writes have counted. */
    ShardStatus status(WriteFace writes) {
        Generation current = store.rows().generation();
        boolean inside = current != null && current.gate.enter();
        Generation generation = inside ? current : null;
        try {
            return new ShardStatus(
                    serving.state(),
                    generation == null
                            ? 0
                            : Math.max(0, generation.segment.live() - writes.draftRows()),
                    writes.skipped().counts(),
                    generation == null ? 0 : background.fresh(generation),
                    generation == null ? 0 : generation.segment.tombstones(),
                    store.rows().dimension(),
                    generation == null ? Map.of() : generation.memoryBytes(),
                    store.fileBytes(),
                    store.rows().lsn(),
                    writes.loadedRows(),
                    writes.expectedRows(),
                    serving.failure());
        } finally {
            if (generation != null) {
                generation.gate.exit();
            }
        }
    }
}
