package io.annexdb.sidecar.index;

import io.annexdb.sidecar.filter.Filter;
import io.annexdb.sidecar.filter.FindMatches;
import io.annexdb.sidecar.filter.SlotMatches;
import io.annexdb.sidecar.flat.CodeScan;
import io.annexdb.sidecar.flat.Scan;
import io.annexdb.sidecar.flat.TopCollector;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.hnsw.SlotFilter;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;
import io.annexdb.sidecar.segment.VectorStore;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One search in one generation: chooses between scan and graph, adds the fresh rows, and computes
 * the final distances in double precision. The graph comes first and the scan of the fresh rows
 * after it, so that a row that is replaced meanwhile is met in its new slot.
 */
final class ShardSearch {
    /**
     * A graph search visits some ten to twenty rows per candidate; below that a scan is cheaper.
     */
    static final int VISITS_PER_CANDIDATE = 16;

    /** Replaced rows met twice in one search: more than this at once are not expected. */
    private static final int EXTRA_MAX = 10_000;

    private final Generation generation;
    private final Segment segment;
    private final VectorStore vectors;
    private final int k;
    private final BooleanSupplier cancelled;
    private final long query;
    private final float scale;
    private final boolean extreme;
    private final float error;
    private final FindCandidates candidates;
    private final TakeNearest take;

    ShardSearch(
            Generation generation,
            Scratch scratch,
            float[] vector,
            int k,
            double maxDistance,
            BooleanSupplier cancelled) {
        this.generation = generation;
        this.segment = generation.segment;
        this.vectors = segment.vectors();
        this.k = k;
        this.cancelled = cancelled;
        query = scratch.queryAddress(vectors.queryBytes());
        vectors.putQuery(query, vector);
        take = new TakeNearest(segment, query, k, maxDistance, cancelled);
        double square = VectorStore.square(vector);
        scale = vectors.queryScale(vector);
        candidates = new FindCandidates(generation, scratch, query, scale, k, cancelled);
        extreme = vectors.extreme() || VectorStore.isExtreme(vectors.metric(), square);
        error = absoluteError(vectors.metric(), Math.sqrt(square) * vectors.normMax());
    }

    /** The nearest k rows, of one namespace or of all, that match the filter if there is one. */
    List<Neighbor> search(
            int efSearch,
            @Nullable String namespace,
            @Nullable Filter filter,
            int namespaceScanMax) {
        int ef = candidates(efSearch);
        if (filter != null) {
            SlotList list = namespace == null ? null : segment.namespace(namespace);
            if (namespace != null && list == null) {
                return List.of();
            }
            FindMatches find = new FindMatches(filter, segment, list == null ? 0 : list.number());
            return matching(find, find.from(0), efSearch);
        }
        if (namespace == null) {
            return everywhere(ef);
        }
        SlotList list = segment.namespace(namespace);
        return list == null ? List.of() : within(list, ef, namespaceScanMax);
    }

    private int candidates(int efSearch) {
        return candidates(vectors, efSearch, k);
    }

    /** The nearest by inner product lie apart when lengths differ: that takes more candidates. */
    static int candidates(VectorStore vectors, int efSearch, int k) {
        int ef = Math.max(efSearch, k);
        boolean apart = vectors.metric() == Metric.INNER_PRODUCT && vectors.unequalNorms();
        return apart ? (int) Math.min(Integer.MAX_VALUE, 2L * ef) : ef;
    }

    /** The nearest k of exactly these rows. */
    List<Neighbor> rank(int[] slots) {
        if (extreme) {
            return within(nearest(Arrays.stream(slots).distinct().toArray()));
        }
        TopCollector top = collector(k);
        these(slots, top);
        return within(nearest(top));
    }

    /** Whether the query's distances need more than the range of float32. */
    boolean isExtreme() {
        return extreme;
    }

    /** The query for a scan together with others. */
    Scan.Sought sought() {
        return new Scan.Sought(query, scale, collector(k));
    }

    /** What such a scan found; null when versions of replaced rows took places of others. */
    @Nullable List<Neighbor> found(TopCollector top) {
        List<Neighbor> nearest = nearest(top);
        return nearest.size() >= k || top.finish() <= nearest.size() ? within(nearest) : null;
    }

    private List<Neighbor> everywhere(int ef) {
        int linked = generation.linking.linked();
        boolean fewRows = (long) ef * VISITS_PER_CANDIDATE >= segment.slots();
        if (extreme || linked == 0 || (fewRows && !generation.isFlat())) {
            return all(null);
        }
        SlotFilter alive = segment.tombstones() == 0 ? null : slot -> !segment.isDead(slot);
        TopCollector top = collector(k);
        int rows = generation.isFlat() ? segment.live() : Integer.MAX_VALUE;
        if (!candidates.run(ef, alive, rows, linked, CodeScan::all, top)) {
            return all(null);
        }
        if (linked < segment.slots()) {
            scan(top).from(linked);
        }
        List<Neighbor> nearest = nearest(top);
        return nearest.size() < Math.min(k, segment.live()) ? all(null) : within(nearest);
    }

    private List<Neighbor> within(SlotList list, int ef, int namespaceScanMax) {
        int linked = generation.linking.linked();
        int rows = list.live();
        if (extreme || linked == 0 || rows <= Math.max(namespaceScanMax, ef)) {
            return all(list);
        }
        int number = list.number();
        SlotFilter member = slot -> segment.namespace(slot) == number && !segment.isDead(slot);
        TopCollector top = collector(k);
        if (!candidates.run(ef, member, rows, linked, scan -> scan.namespace(list), top)) {
            return all(list);
        }
        fresh(linked, number, top);
        List<Neighbor> nearest = nearest(top);
        return nearest.size() < Math.min(k, list.live()) ? all(list) : within(nearest);
    }

    /** Scans the matching rows when they are few, else searches for them by graph or codes. */
    List<Neighbor> matching(FindMatches find, SlotMatches matches, int efSearch) {
        int ef = candidates(efSearch);
        int linked = generation.linking.linked();
        int rows = matches.count();
        if (extreme || linked == 0 || rows <= ef) {
            return all(find, matches);
        }
        TopCollector top = collector(k);
        Consumer<CodeScan> codes = scan -> scan.these(matches.slots(0));
        if (!candidates.run(ef, matches::accepts, rows, linked, codes, top)) {
            return all(find, matches);
        }
        these(matches.slots(linked), top);
        these(later(find, matches), top);
        List<Neighbor> nearest = nearest(top);
        return nearest.size() < Math.min(k, rows) ? all(find, matches) : within(nearest);
    }

    /** Matching rows that came while the search went on, replaced ones among them. */
    static int[] later(FindMatches find, SlotMatches matches) {
        return find.from(matches.end()).slots(matches.end());
    }

    /** Scans every matching row. */
    List<Neighbor> all(FindMatches find, SlotMatches matches) {
        int[] slots = matches.slots(0);
        if (extreme) {
            int[] more = later(find, matches);
            int[] both = Arrays.copyOf(slots, slots.length + more.length);
            System.arraycopy(more, 0, both, slots.length, more.length);
            return within(nearest(both));
        }
        List<Neighbor> nearest = List.of();
        // Both versions of a replaced row may take a place: then with more places once more.
        for (int extra = 0; extra <= EXTRA_MAX; extra = extra * 4 + 16) {
            TopCollector top = collector(k + extra);
            these(slots, top);
            these(later(find, matches), top);
            nearest = nearest(top);
            if (nearest.size() >= k || top.finish() <= nearest.size()) {
                break;
            }
        }
        return within(nearest);
    }

    private void these(int[] slots, TopCollector top) {
        scan(top).these(slots, slots.length);
    }

    /** Scans every row, of a namespace if there is one. */
    List<Neighbor> all(@Nullable SlotList list) {
        if (extreme) {
            return within(nearest(collect(0, list == null ? 0 : list.number())));
        }
        List<Neighbor> nearest = List.of();
        // Both versions of a replaced row may take a place: then with more places once more.
        for (int extra = 0; extra <= EXTRA_MAX; extra = extra * 4 + 16) {
            TopCollector top = collector(k + extra);
            if (list == null) {
                scan(top).from(0);
            } else {
                scan(top).namespace(list);
            }
            nearest = nearest(top);
            if (nearest.size() >= k || top.finish() <= nearest.size()) {
                break;
            }
        }
        return within(nearest);
    }

    private void fresh(int linked, int namespace, TopCollector top) {
        int[] slots = collect(linked, namespace);
        scan(top).these(slots, slots.length);
    }

    /** The live slots from one on, of a namespace if it is not 0. */
    private int[] collect(int first, int namespace) {
        int[] slots = new int[64];
        int count = 0;
        for (int slot = first; slot < segment.slots(); slot++) {
            if (!segment.isDead(slot) && (namespace == 0 || segment.namespace(slot) == namespace)) {
                if (count == slots.length) {
                    slots = Arrays.copyOf(slots, count * 2);
                }
                slots[count++] = slot;
            }
        }
        return Arrays.copyOf(slots, count);
    }

    private TopCollector collector(int rows) {
        // Never more room than there are rows, whatever k says.
        return new TopCollector(Math.max(1, Math.min(rows, segment.slots())), error);
    }

    private Scan scan(TopCollector top) {
        return new Scan(segment, query, scale, top, cancelled);
    }

    private List<Neighbor> nearest(TopCollector top) {
        int[] slots = new int[top.finish()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = top.slot(i);
        }
        return nearest(slots);
    }

    private List<Neighbor> nearest(int[] slots) {
        return take.of(slots);
    }

    private List<Neighbor> within(List<Neighbor> sorted) {
        return take.within(sorted);
    }

    private static float absoluteError(Metric metric, double norms) {
        return switch (metric) {
            case COSINE -> 4e-6f;
            case INNER_PRODUCT -> (float) Math.min(norms * 2e-6, Float.MAX_VALUE / 4);
            case L2, L1, HAMMING, JACCARD -> 0f;
        };
    }
}
