package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * Search (Algorithms 2 and 5): down the upper layers greedily, then a beam of {@code ef} candidates
 * on layer 0. Each step expands the few nearest open candidates, collects their unvisited
 * neighbours and scores them all at once.
 */
public final class GraphSearch {
    private GraphSearch() {}

    /**
     * Leaves the nearest nodes in the scratch's pool.
     *
     * @param scorer distances from the query
     * @param ef candidates kept, from 1
     * @param filter which may be answered; null for all
     * @param stop asked at every step with the number of distances computed so far
     * @return false when it was stopped
     */
    public static boolean search(
            Graph graph,
            Scorer scorer,
            int ef,
            @Nullable SlotFilter filter,
            Scratch scratch,
            IntPredicate stop) {
        scratch.scored = 0;
        scratch.pool.reset(ef);
        long entry = graph.entry();
        if (entry == 0) {
            return true;
        }
        int nearest = descend(graph, scorer, entry, 0, scratch);
        begin(graph, scorer, nearest, ef, filter, scratch);
        return layer(graph, 0, scorer, filter, scratch, stop);
    }

    /** Walks from the entry down to the layer above {@code target}, always to the nearest node. */
    static int descend(Graph graph, Scorer scorer, long entry, int target, Scratch scratch) {
        int nearest = Graph.entrySlot(entry);
        scratch.slots[0] = nearest;
        scorer.score(scratch.slots, 1, scratch.distances);
        float distance = scratch.distances[0];
        scratch.scored++;
        for (int layer = Graph.entryLevel(entry); layer > target; layer--) {
            boolean moved = true;
            while (moved) {
                moved = false;
                int count = neighbours(graph, nearest, layer, scratch.slots);
                scorer.score(scratch.slots, count, scratch.distances);
                scratch.scored += count;
                for (int i = 0; i < count; i++) {
                    if (scratch.distances[i] < distance) {
                        distance = scratch.distances[i];
                        nearest = scratch.slots[i];
                        moved = true;
                    }
                }
            }
        }
        return nearest;
    }

    /** Starts a beam at one node. */
    static void begin(
            Graph graph,
            Scorer scorer,
            int start,
            int ef,
            @Nullable SlotFilter filter,
            Scratch scratch) {
        scratch.begin(graph.segment().slots());
        scratch.room(Scratch.WIDTH * graph.m0());
        scratch.pool.reset(ef);
        scratch.slots[0] = start;
        scorer.score(scratch.slots, 1, scratch.distances);
        int first = scratch.visit(start);
        assert first == 1 : "visited before the search";
        scratch.pool.add(scratch.distances[0], start, filter != null && !filter.accepts(start));
    }

    /** Runs the beam on one layer until no open candidate is left. */
    static boolean layer(
            Graph graph,
            int layer,
            Scorer scorer,
            @Nullable SlotFilter filter,
            Scratch scratch,
            IntPredicate stop) {
        CandidatePool pool = scratch.pool;
        int[] slots = scratch.slots;
        float[] distances = scratch.distances;
        int taken = pool.takeOpen(scratch.open, Scratch.WIDTH);
        while (taken > 0) {
            int count = collect(graph, layer, taken, scratch);
            scorer.score(slots, count, distances);
            scratch.scored += count;
            float bound = pool.bound();
            for (int i = 0; i < count; i++) {
                if (distances[i] < bound) {
                    int slot = slots[i];
                    pool.add(distances[i], slot, filter != null && !filter.accepts(slot));
                    bound = pool.bound();
                }
            }
            if (stop.test(scratch.scored)) {
                return false;
            }
            taken = pool.takeOpen(scratch.open, Scratch.WIDTH);
        }
        return true;
    }

    /**
     * The neighbours of the open nodes that are not visited yet. All lists are copied first, so
     * that their cache misses overlap, and nothing branches on what was visited, which no processor
     * can predict.
     */
    private static int collect(Graph graph, int layer, int taken, Scratch scratch) {
        int most = graph.listMax(layer);
        int[] lists = scratch.lists(taken * most);
        for (int i = 0; i < taken; i++) {
            Native.getInts(graph.list(scratch.open[i], layer), lists, i * most, most);
        }
        int[] slots = scratch.slots;
        int limit = scratch.limit;
        int count = 0;
        for (int i = 0; i < taken; i++) {
            for (int j = i * most; j < (i + 1) * most; j++) {
                int neighbour = lists[j] - 1;
                if (neighbour < 0) {
                    break;
                }
                if (neighbour < limit) {
                    slots[count] = neighbour;
                    count += scratch.visit(neighbour);
                }
            }
        }
        return count;
    }

    /** Copies a node's list; returns its length. */
    static int neighbours(Graph graph, int slot, int layer, int[] into) {
        long list = graph.list(slot, layer);
        int most = graph.listMax(layer);
        int count = 0;
        while (count < most) {
            int neighbour = Native.getInt(list + count * 4L) - 1;
            if (neighbour < 0) {
                break;
            }
            into[count++] = neighbour;
        }
        return count;
    }
}
