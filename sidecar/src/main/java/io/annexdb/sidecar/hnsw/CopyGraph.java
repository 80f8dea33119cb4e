package io.annexdb.sidecar.hnsw;

/**
 * Carries a graph over to a new numbering of the slots that leaves the tombstones out. A list that
 * loses members chooses anew among those that stay and the neighbours of those that go, as
 * FreshDiskANN does (arXiv 2105.09613, Algorithm 4).
 */
public final class CopyGraph {
    private static final int CANDIDATES_PER_LINK = 4;

    private final Graph source;
    private final int[] newSlots;
    private final int linked;
    private final Insert insert;
    private final int[] old;
    private final int[] further;
    private final int[] candidates;

    private CopyGraph(Graph source, int[] newSlots, int linked, Insert insert) {
        this.source = source;
        this.newSlots = newSlots;
        this.linked = linked;
        this.insert = insert;
        old = new int[source.m0()];
        further = new int[source.m0()];
        candidates = new int[CANDIDATES_PER_LINK * source.m0()];
    }

    /**
     * Fills an empty graph.
     *
     * @param newSlots by old slot, the new one or -1; ascending
     * @param linked old slots below this are linked
     * @param insert of the target
     */
    public static void run(Graph source, Graph target, int[] newSlots, int linked, Insert insert) {
        CopyGraph copy = new CopyGraph(source, newSlots, linked, insert);
        int highest = -1;
        for (int slot = 0; slot < linked; slot++) {
            if (newSlots[slot] >= 0) {
                target.ensure(newSlots[slot] + 1);
                target.place(newSlots[slot], source.level(slot));
            }
        }
        for (int slot = 0; slot < linked; slot++) {
            int newSlot = newSlots[slot];
            if (newSlot >= 0) {
                for (int layer = source.level(slot); layer >= 0; layer--) {
                    copy.list(slot, newSlot, layer);
                }
                if (highest < 0 || target.level(newSlot) > target.level(highest)) {
                    highest = newSlot;
                }
            }
        }
        if (highest >= 0) {
            target.setEntry(highest, target.level(highest));
        }
    }

    private void list(int slot, int newSlot, int layer) {
        int count = GraphSearch.neighbours(source, slot, layer, old);
        int n = 0;
        for (int i = 0; i < count; i++) {
            n = add(old[i], newSlot, n);
        }
        boolean lost = n < count;
        for (int i = 0; lost && i < count; i++) {
            if (old[i] < linked && newSlots[old[i]] < 0) {
                int more = GraphSearch.neighbours(source, old[i], layer, further);
                for (int j = 0; j < more; j++) {
                    n = add(further[j], newSlot, n);
                }
            }
        }
        insert.setList(newSlot, layer, candidates, n, lost);
    }

    private int add(int oldSlot, int self, int n) {
        // What was linked since stays fresh in the copy, so nothing may name it.
        int slot = oldSlot < linked ? newSlots[oldSlot] : -1;
        if (slot < 0 || slot == self || n == candidates.length) {
            return n;
        }
        for (int i = 0; i < n; i++) {
            if (candidates[i] == slot) {
                return n;
            }
        }
        candidates[n] = slot;
        return n + 1;
    }
}
