package io.annexdb.sidecar.hnsw;

import java.util.BitSet;

/**
 * Carries a graph over to a new numbering of the slots that leaves the tombstones out. A list that
 * loses some members chooses anew among those that stay and the neighbours of those that go, as
 * FreshDiskANN does (arXiv 2105.09613, Algorithm 4). A node that loses most is inserted again.
 */
public final class CopyGraph {
    private static final int CANDIDATES_PER_LINK = 4;

    private final Graph source;
    private final Graph target;
    private final int[] newSlots;
    private final int linked;
    private final Insert insert;
    private final BitSet kept;
    private final int[] old;
    private final int[] further;
    private final int[] candidates;

    private CopyGraph(Graph source, Graph target, int[] newSlots, int linked, Insert insert) {
        this.source = source;
        this.target = target;
        this.newSlots = newSlots;
        this.linked = linked;
        this.insert = insert;
        kept = new BitSet(linked);
        old = new int[source.m0()];
        further = new int[source.m0()];
        candidates = new int[CANDIDATES_PER_LINK * source.m0()];
    }

    /**
     * Fills an empty graph.
     *
     * @param newSlots by old slot, the new one or -1; ascending
     * @param linked old slots below this are linked, and so are their new ones afterwards
     * @param insert of the target
     */
    public static void run(Graph source, Graph target, int[] newSlots, int linked, Insert insert) {
        CopyGraph copy = new CopyGraph(source, target, newSlots, linked, insert);
        copy.chooseKept();
        copy.copyKept();
        copy.insertOthers();
    }

    /** Nodes at least half of whose neighbours stay. */
    private void chooseKept() {
        for (int slot = 0; slot < linked; slot++) {
            int count = GraphSearch.neighbours(source, slot, 0, old);
            int stay = 0;
            for (int i = 0; i < count; i++) {
                stay += old[i] < linked && newSlots[old[i]] >= 0 ? 1 : 0;
            }
            kept.set(slot, newSlots[slot] >= 0 && stay > 0 && stay * 2 >= count);
        }
    }

    private void copyKept() {
        int highest = -1;
        for (int slot = kept.nextSetBit(0); slot >= 0; slot = kept.nextSetBit(slot + 1)) {
            int newSlot = newSlots[slot];
            target.ensure(newSlot + 1);
            target.place(newSlot, source.level(slot));
            if (highest < 0 || target.level(newSlot) > target.level(highest)) {
                highest = newSlot;
            }
        }
        for (int slot = kept.nextSetBit(0); slot >= 0; slot = kept.nextSetBit(slot + 1)) {
            for (int layer = source.level(slot); layer >= 0; layer--) {
                copyList(slot, newSlots[slot], layer);
            }
        }
        if (highest >= 0) {
            target.setEntry(highest, target.level(highest));
            Reconnect.run(target, kept, newSlots, insert);
        }
    }

    private void insertOthers() {
        for (int slot = 0; slot < linked; slot++) {
            if (newSlots[slot] >= 0 && !kept.get(slot)) {
                target.ensure(newSlots[slot] + 1);
                insert.insert(newSlots[slot]);
            }
        }
    }

    private void copyList(int slot, int newSlot, int layer) {
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
        insert.lists().set(newSlot, layer, candidates, n, lost);
    }

    private int add(int oldSlot, int self, int n) {
        if (oldSlot >= linked || !kept.get(oldSlot) || n == candidates.length) {
            return n;
        }
        int slot = newSlots[oldSlot];
        if (slot == self) {
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
