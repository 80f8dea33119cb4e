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
final class ReadFace {
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

    List<List<Neighbor>> search(
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

    List<List<Neighbor>> rank(
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

    Optional<float[]> sample(double place) {
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
                    writes.skipped().rows(),
                    writes.skipped().otherDimension(),
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
