package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.Neighbor;

import java.util.ArrayList;
import java.util.List;

/** Joins two answers, each nearest first, into one. */
final class Merge {
    private Merge() {}

    static List<Neighbor> nearest(List<Neighbor> left, List<Neighbor> right, int k) {
        int size = Math.min(k, left.size() + right.size());
        List<Neighbor> merged = new ArrayList<>(size);
        int l = 0;
        int r = 0;
        while (merged.size() < size) {
            boolean takeLeft =
                    r == right.size()
                            || (l < left.size()
                                    && Neighbor.ORDER.compare(left.get(l), right.get(r)) <= 0);
            merged.add(takeLeft ? left.get(l++) : right.get(r++));
        }
        return merged;
    }
}
