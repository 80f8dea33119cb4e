package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;
import io.annexdb.sidecar.segment.VectorStore;

/**
 * Selection of neighbours by heuristic (Algorithm 4, without keeping pruned candidates): a
 * candidate is taken when it is nearer to the base than to everything taken before. Of candidates
 * with the same vector only the first is taken, or many copies of one vector would fill each
 * other's lists and shut themselves off.
 */
final class SelectNeighbors {
    private static final int GROUP = 4;

    private final int[] group = new int[GROUP];
    private final float[] between = new float[GROUP];
    private final SlotQuery query;

    SelectNeighbors(VectorStore vectors) {
        this.query = new SlotQuery(vectors);
    }

    /**
     * Moves the taken candidates to the front, the others behind them; both keep their order.
     *
     * @param slots candidates, nearest first
     * @param distances their distances from the base
     * @param n number of candidates
     * @param most number to take at most
     * @param rest room for the others; as long as {@code slots}
     * @return how many are taken
     */
    int select(Graph graph, int[] slots, float[] distances, int n, int most, int[] rest) {
        int taken = 0;
        int others = 0;
        for (int i = 0; i < n; i++) {
            int candidate = slots[i];
            float distance = distances[i];
            if (taken < most && isDiverse(graph, candidate, distance, slots, distances, taken)) {
                slots[taken] = candidate;
                distances[taken] = distance;
                taken++;
            } else {
                rest[others++] = candidate;
            }
        }
        System.arraycopy(rest, 0, slots, taken, others);
        return taken;
    }

    /**
     * Adds candidates behind those that were taken before.
     *
     * @param slots the taken ones, with their distances from the base
     * @param candidates others, nearest first, with theirs
     * @param most number to have at most in the end
     * @return how many are taken in all
     */
    int extend(
            Graph graph,
            int[] slots,
            float[] distances,
            int taken,
            int[] candidates,
            float[] candidateDistances,
            int n,
            int most) {
        int all = taken;
        for (int i = 0; i < n && all < most; i++) {
            if (isDiverse(graph, candidates[i], candidateDistances[i], slots, distances, all)) {
                slots[all] = candidates[i];
                distances[all++] = candidateDistances[i];
            }
        }
        return all;
    }

    private boolean isDiverse(
            Graph graph, int candidate, float distance, int[] slots, float[] distances, int taken) {
        VectorStore vectors = graph.vectors();
        long address = query.address(candidate);
        float scale = vectors.scale(candidate);
        for (int from = 0; from < taken; from += GROUP) {
            int n = Math.min(GROUP, taken - from);
            System.arraycopy(slots, from, group, 0, n);
            graph.score(address, scale, group, n, between);
            for (int i = 0; i < n; i++) {
                if (between[i] < distance) {
                    return false;
                }
                if (distances[from + i] == distance
                        && isCopy(graph.segment(), candidate, group[i])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isCopy(Segment segment, int one, int other) {
        return segment.vectorHash(one) == segment.vectorHash(other);
    }
}
