package io.annexdb.sidecar.index;

import io.annexdb.sidecar.flat.Scan;
import io.annexdb.sidecar.flat.TopCollector;
import io.annexdb.sidecar.hnsw.CandidatePool;
import io.annexdb.sidecar.hnsw.GraphSearch;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.hnsw.SlotFilter;
import io.annexdb.sidecar.kernel.ExactDistance;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;
import io.annexdb.sidecar.segment.VectorStore;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * One search in one generation: chooses between scan and graph, adds the fresh rows, and computes
 * the final distances in double precision. The graph comes first and the scan of the fresh rows
 * after it, so that a row that is replaced meanwhile is met in its new slot.
 */
final class ShardSearch {
    /**
     * A graph search visits some ten to twenty rows per candidate; below that a scan is cheaper.
     */
    private static final int VISITS_PER_CANDIDATE = 16;

    /** A visit of the graph costs about so many rows of a scan of scattered slots. */
    private static final int SCAN_ROWS_PER_VISIT = 2;

    private final Generation generation;
    private final Segment segment;
    private final VectorStore vectors;
    private final Scratch scratch;
    private final int k;
    private final double maxDistance;
    private final BooleanSupplier cancelled;
    private final long query;
    private final float scale;
    private final boolean extreme;
    private final float error;

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
        this.scratch = scratch;
        this.k = k;
        this.maxDistance = maxDistance;
        this.cancelled = cancelled;
        query = scratch.queryAddress(vectors.floats());
        Native.clear(query, vectors.floats() * 4L);
        Native.putFloats(query, vector, vector.length);
        double square = VectorStore.square(vector);
        scale = (float) (1 / Math.sqrt(square));
        extreme = vectors.extreme() || VectorStore.isExtreme(vectors.metric(), square);
        error = absoluteError(vectors.metric(), Math.sqrt(square) * vectors.normMax());
    }

    /** The nearest k rows, of one namespace or of all. */
    List<Neighbor> search(int efSearch, @Nullable String namespace, int namespaceScanMax) {
        if (namespace == null) {
            return everywhere(Math.max(efSearch, k));
        }
        SlotList list = segment.namespace(namespace);
        return list == null ? List.of() : within(list, Math.max(efSearch, k), namespaceScanMax);
    }

    /** The nearest k of exactly these rows. */
    List<Neighbor> rank(List<RowKey> keys) {
        int[] slots = new int[keys.size()];
        int count = 0;
        for (RowKey key : keys) {
            int slot = segment.find(key);
            if (slot >= 0) {
                slots[count++] = slot;
            }
        }
        TopCollector top = collector(count);
        int[] found = Arrays.copyOf(slots, count);
        if (extreme) {
            return answer(Arrays.stream(found).distinct().toArray());
        }
        scan(top).these(found, count);
        return answer(top);
    }

    private List<Neighbor> everywhere(int ef) {
        int linked = generation.linking.linked();
        if (extreme || linked == 0 || (long) ef * VISITS_PER_CANDIDATE >= segment.slots()) {
            return all();
        }
        SlotFilter alive = segment.tombstones() == 0 ? null : slot -> !segment.isDead(slot);
        TopCollector top = collector(k);
        graph(ef, alive, Integer.MAX_VALUE, top);
        scan(top).from(linked);
        List<Neighbor> answer = answer(top);
        return top.finish() < Math.min(k, segment.live()) ? all() : answer;
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
        boolean whole = graph(ef, member, rows / SCAN_ROWS_PER_VISIT, top);
        if (!whole) {
            return all(list);
        }
        fresh(linked, number, top);
        List<Neighbor> answer = answer(top);
        return top.finish() < Math.min(k, list.live()) ? all(list) : answer;
    }

    /** Scans every row. */
    private List<Neighbor> all() {
        if (extreme) {
            return answer(collect(0, 0));
        }
        TopCollector top = collector(k);
        scan(top).from(0);
        return answer(top);
    }

    private List<Neighbor> all(SlotList list) {
        if (extreme) {
            return answer(collect(0, list.number()));
        }
        TopCollector top = collector(k);
        scan(top).namespace(list);
        return answer(top);
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

    /** False when it was dearer than the scan would be. */
    private boolean graph(int ef, @Nullable SlotFilter filter, int visitsMax, TopCollector top) {
        boolean whole =
                GraphSearch.search(
                        generation.graph,
                        query,
                        scale,
                        ef,
                        filter,
                        scratch,
                        scored -> {
                            Scan.checkCancelled(cancelled);
                            return scored > visitsMax;
                        });
        CandidatePool pool = scratch.pool();
        for (int i = 0; i < pool.size(); i++) {
            if (pool.isAnswer(i)) {
                top.add(pool.distance(i), pool.slot(i));
            }
        }
        return whole;
    }

    private TopCollector collector(int rows) {
        // Never more room than there are rows, whatever k says.
        return new TopCollector(Math.max(1, Math.min(Math.min(k, rows), segment.slots())), error);
    }

    private Scan scan(TopCollector top) {
        return new Scan(segment, query, scale, top, cancelled);
    }

    private List<Neighbor> answer(TopCollector top) {
        int[] slots = new int[top.finish()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = top.slot(i);
        }
        return answer(slots);
    }

    private List<Neighbor> answer(int[] slots) {
        List<Neighbor> neighbors = new ArrayList<>(slots.length);
        for (int i = 0; i < slots.length; i++) {
            if ((i & 1023) == 1023) {
                Scan.checkCancelled(cancelled);
            }
            double distance =
                    ExactDistance.between(
                            vectors.metric(),
                            query,
                            vectors.address(slots[i]),
                            vectors.dimension());
            if (distance <= maxDistance) {
                neighbors.add(
                        new Neighbor(
                                segment.key(slots[i]), distance, segment.vectorHash(slots[i])));
            }
        }
        neighbors.sort(Neighbor.ORDER);
        return firstOfEachKey(neighbors);
    }

    /** A row that was replaced during the search may have been met in both versions. */
    private List<Neighbor> firstOfEachKey(List<Neighbor> neighbors) {
        Set<RowKey> seen = new HashSet<>();
        List<Neighbor> first = new ArrayList<>(Math.min(k, neighbors.size()));
        for (Neighbor neighbor : neighbors) {
            if (first.size() < k && seen.add(neighbor.key())) {
                first.add(neighbor);
            }
        }
        return first;
    }

    private static float absoluteError(Metric metric, double norms) {
        return switch (metric) {
            case COSINE -> 4e-6f;
            case INNER_PRODUCT -> (float) Math.min(norms * 2e-6, Float.MAX_VALUE / 4);
            case L2, L1 -> 0f;
        };
    }
}
