package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The answers of a {@link VectorIndex}: each enters the generation of the moment, so that its
 * memory stays, and waits for no writer. Any number of threads.
 */
final class ReadFace {
    private final ShardDefinition definition;
    private final Shared shared;
    private final ShardStore store;
    private final Supplier<@Nullable Generation> enter;
    private final Runnable wake;

    /**
     * @param enter gives the generation, entered, or refuses; null while there is no row
     * @param wake has the linkers look after the index
     */
    ReadFace(
            ShardDefinition definition,
            Shared shared,
            ShardStore store,
            Supplier<@Nullable Generation> enter,
            Runnable wake) {
        this.definition = definition;
        this.shared = shared;
        this.store = store;
        this.enter = enter;
        this.wake = wake;
    }

    /** For each query an answer of the batch. */
    <T> List<List<T>> answer(
            List<float[]> queries,
            int k,
            double maxDistance,
            BooleanSupplier cancelled,
            Function<BatchSearch, List<List<T>>> how) {
        for (float[] query : queries) {
            CheckQuery.check(definition, store.rows().dimension(), query, k);
        }
        Generation generation = enter.get();
        if (generation == null) {
            return Collections.nCopies(queries.size(), List.of());
        }
        try {
            return how.apply(
                    new BatchSearch(
                            generation, shared.scratches(), queries, k, maxDistance, cancelled));
        } finally {
            boolean touched = generation.segment.vectors().isTouched();
            generation.gate.exit();
            if (touched) {
                wake.run();
            }
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

    ShardStatus status(
            State state, @Nullable String failure, WriteFace writes, BackgroundWork background) {
        Generation current = store.rows().generation();
        boolean inside = current != null && current.gate.enter();
        Generation generation = inside ? current : null;
        try {
            return new ShardStatus(
                    state,
                    generation == null
                            ? 0
                            : Math.max(0, generation.segment.live() - writes.draftRows()),
                    writes.skipped(),
                    generation == null ? 0 : background.fresh(generation),
                    generation == null ? 0 : generation.segment.tombstones(),
                    store.rows().dimension(),
                    generation == null ? Map.of() : generation.memoryBytes(),
                    store.fileBytes(),
                    store.rows().lsn(),
                    writes.loadedRows(),
                    writes.expectedRows(),
                    failure);
        } finally {
            if (generation != null) {
                generation.gate.exit();
            }
        }
    }
}
