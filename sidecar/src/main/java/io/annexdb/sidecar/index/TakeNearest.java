package io.annexdb.sidecar.index;

import io.annexdb.sidecar.flat.Scan;
import io.annexdb.sidecar.kernel.ExactDistances;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.VectorStore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The last step of a search: of some slots, the rows of the nearest, by exact distance.
 *
 * @param query address of the query
 * @param k number of rows at most
 * @param maxDistance only rows at most this far
 * @param cancelled asked now and then
 */
record TakeNearest(
        Segment segment, long query, int k, double maxDistance, BooleanSupplier cancelled) {
    private static final int ROWS_PER_CHECK = 1024;

    /** The nearest first, ties by key. */
    List<Neighbor> of(int[] slots) {
        double[] distances = distances(slots);
        List<Neighbor> neighbors = new ArrayList<>(slots.length);
        for (int i = 0; i < slots.length; i++) {
            neighbors.add(
                    new Neighbor(
                            segment.key(slots[i]), distances[i], segment.vectorHash(slots[i])));
        }
        neighbors.sort(Neighbor.ORDER);
        return mayRepeatKeys(slots)
                ? firstOfEachKey(neighbors)
                : neighbors.subList(0, Math.min(k, neighbors.size()));
    }

    /** What of sorted rows is not too far. */
    List<Neighbor> within(List<Neighbor> sorted) {
        int end = sorted.size();
        while (end > 0 && !(sorted.get(end - 1).distance() <= maxDistance)) {
            end--;
        }
        return end == sorted.size() ? sorted : List.copyOf(sorted.subList(0, end));
    }

    private double[] distances(int[] slots) {
        VectorStore vectors = segment.vectors();
        double[] distances = new double[slots.length];
        for (int from = 0; from < slots.length; from += ROWS_PER_CHECK) {
            Scan.checkCancelled(cancelled);
            long[] addresses = new long[Math.min(ROWS_PER_CHECK, slots.length - from)];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = vectors.address(slots[from + i]);
            }
            double[] some =
                    ExactDistances.between(
                            vectors.metric(),
                            vectors.elements(),
                            query,
                            addresses,
                            vectors.dimension());
            System.arraycopy(some, 0, distances, from, some.length);
        }
        return distances;
    }

    /** A row that was replaced during the search may have been met in both versions. */
    private boolean mayRepeatKeys(int[] slots) {
        long[] hashes = new long[slots.length];
        for (int i = 0; i < slots.length; i++) {
            hashes[i] = segment.keyHash(slots[i]);
        }
        Arrays.sort(hashes);
        for (int i = 1; i < hashes.length; i++) {
            if (hashes[i] == hashes[i - 1]) {
                return true;
            }
        }
        return false;
    }

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
}
