package io.annexdb.sidecar.index;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.filter.FindMatches;
import io.annexdb.sidecar.filter.SlotMatches;
import io.annexdb.sidecar.flat.Scan;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The same search for several queries in one generation, on one thread. A filter is evaluated once;
 * where rows are scanned, each is scored against all queries while it is in the cache; a graph is
 * walked for one query after the other.
 */
final class BatchSearch {
    private final Generation generation;
    private final Segment segment;
    private final ScratchPool scratches;
    private final List<float[]> queries;
    private final int k;
    private final double maxDistance;
    private final BooleanSupplier cancelled;

    BatchSearch(
            Generation generation,
            ScratchPool scratches,
            List<float[]> queries,
            int k,
            double maxDistance,
            BooleanSupplier cancelled) {
        this.generation = generation;
        this.segment = generation.segment;
        this.scratches = scratches;
        this.queries = queries;
        this.k = k;
        this.maxDistance = maxDistance;
        this.cancelled = cancelled;
    }

    /** For each query what {@link ShardSearch#search} finds. */
    List<List<Neighbor>> search(
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            int namespaceScanMax) {
        if (queries.size() == 1) {
            return each(one -> one.search(efSearch, namespace, filter, namespaceScanMax));
        }
        SlotList list = namespace == null ? null : segment.namespace(namespace);
        if (namespace != null && list == null) {
            return Collections.nCopies(queries.size(), List.of());
        }
        if (filter != null) {
            return matching(
                    new FindMatches(filter, segment, list == null ? 0 : list.number()), efSearch);
        }
        if (!new DecideScan(generation, k, efSearch).ofAll(list, namespaceScanMax)) {
            return each(one -> one.search(efSearch, namespace, null, namespaceScanMax));
        }
        return scanned(
                scan -> {
                    if (list == null) {
                        scan.from(0);
                    } else {
                        scan.namespace(list);
                    }
                },
                one -> one.all(list));
    }

    /** For each query what {@link ShardSearch#rank} finds. */
    List<List<Neighbor>> rank(List<RowKey> keys) {
        int[] slots = find(keys);
        return scanned(scan -> scan.these(slots, slots.length), one -> one.rank(slots));
    }

    /** Where the rows of these keys lie, as far as there are such. */
    private int[] find(List<RowKey> keys) {
        int[] slots = new int[keys.size()];
        int count = 0;
        for (RowKey key : keys) {
            int slot = segment.find(key);
            if (slot >= 0) {
                slots[count++] = slot;
            }
        }
        return Arrays.copyOf(slots, count);
    }

    private List<List<Neighbor>> matching(FindMatches find, int efSearch) {
        SlotMatches matches = find.from(0);
        if (!new DecideScan(generation, k, efSearch).ofMatching(matches.count())) {
            return each(one -> one.matching(find, matches, efSearch));
        }
        int[] slots = matches.slots(0);
        return scanned(
                scan -> {
                    scan.these(slots, slots.length);
                    int[] later = ShardSearch.later(find, matches);
                    scan.these(later, later.length);
                },
                one -> one.all(find, matches));
    }

    /**
     * One scan for all.
     *
     * @param alone the same for a query that cannot take part, or has to be asked once more
     */
    private List<List<Neighbor>> scanned(
            Consumer<Scan> rows, Function<ShardSearch, List<Neighbor>> alone) {
        List<Scratch> taken = new ArrayList<>(queries.size());
        try {
            List<ShardSearch> searches = new ArrayList<>(queries.size());
            for (float[] query : queries) {
                Scratch scratch = scratches.take();
                taken.add(scratch);
                searches.add(of(query, scratch));
            }
            List<Scan.Sought> sought = searches.stream().map(ShardSearch::sought).toList();
            rows.accept(new Scan(segment, sought, cancelled));
            List<List<Neighbor>> all = new ArrayList<>(queries.size());
            for (int i = 0; i < queries.size(); i++) {
                ShardSearch one = searches.get(i);
                List<Neighbor> found = one.isExtreme() ? null : one.found(sought.get(i).top());
                all.add(found == null ? alone.apply(one) : found);
            }
            return all;
        } finally {
            taken.forEach(scratches::giveBack);
        }
    }

    private List<List<Neighbor>> each(Function<ShardSearch, List<Neighbor>> how) {
        List<List<Neighbor>> all = new ArrayList<>(queries.size());
        for (int i = 0; i < queries.size(); i++) {
            Scan.checkCancelled(cancelled);
            all.add(alone(i, how));
        }
        return all;
    }

    private List<Neighbor> alone(int number, Function<ShardSearch, List<Neighbor>> how) {
        Scratch scratch = scratches.take();
        try {
            return how.apply(of(queries.get(number), scratch));
        } finally {
            scratches.giveBack(scratch);
        }
    }

    private ShardSearch of(float[] query, Scratch scratch) {
        return new ShardSearch(generation, scratch, query, k, maxDistance, cancelled);
    }
}
