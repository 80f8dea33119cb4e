package io.annexdb.sidecar.hnsw;

import java.util.BitSet;

/**
 * Takes tombstones out of the graph in place, while searches and insertions go on: every list that
 * names one gives its place to one of the tombstone's own neighbours, as in the deletion of
 * FreshDiskANN (arXiv 2105.09613, Algorithm 4), but keeps what else it names. One pass over all
 * lists serves many tombstones, and none is overlooked.
 *
 * <pre>{@code
 * tombstone --begin--> leaving: no new list names it --unlink--> named by no live node --> retired
 * }</pre>
 */
public final class UnlinkTombstones {
    private final Graph graph;
    private final int linked;
    private final BitSet leaving;
    private final BitSet earlier;
    private final Insert insert;

    private UnlinkTombstones(
            Graph graph, int linked, BitSet leaving, BitSet earlier, Insert insert) {
        this.graph = graph;
        this.linked = linked;
        this.leaving = leaving;
        this.earlier = earlier;
        this.insert = insert;
    }

    /**
     * Chooses today's tombstones. Nobody may be inserting, so that every later insertion knows of
     * them.
     *
     * @param linked slots below this are linked, if they were live then
     * @param insert of the graph, for nodes that lose most of their neighbours
     */
    public static UnlinkTombstones begin(Graph graph, int linked, Insert insert) {
        BitSet earlier = graph.leaving();
        BitSet all = (BitSet) earlier.clone();
        for (int slot = 0; slot < linked; slot++) {
            if (graph.segment().isDead(slot)) {
                all.set(slot);
            }
        }
        graph.setLeaving(all);
        return new UnlinkTombstones(graph, linked, all, earlier, insert);
    }

    /** Works through the slots below the bound given before. */
    public void run() {
        moveEntry();
        // Rows that go meanwhile count as staying: they lead on until the next time.
        // First while all lists still lead on: else a search for neighbours would get stuck.
        for (int slot = 0; slot < linked; slot++) {
            if (!leaving.get(slot) && insert.lists().losesMost(slot, leaving)) {
                insert.relink(slot, leaving);
            }
        }
        connectStaying();
        for (int slot = 0; slot < linked; slot++) {
            if (!leaving.get(slot)) {
                unlink(slot);
            }
        }
        for (int slot = leaving.nextSetBit(0); slot >= 0; slot = leaving.nextSetBit(slot + 1)) {
            if (!earlier.get(slot)) {
                insert.lists().retire(slot, leaving);
            }
        }
    }

    /** What can only be reached through leaving nodes gets another way. */
    private void connectStaying() {
        Reachability staying = new Reachability(graph, linked, leaving);
        for (int slot = 0; slot < linked; slot++) {
            if (!leaving.get(slot) && !staying.isReached(slot)) {
                insert.connect(slot, staying::isReached);
                staying.walkFrom(slot);
            }
        }
    }

    private void unlink(int slot) {
        for (int layer = graph.level(slot); layer >= 0; layer--) {
            insert.lists().unlink(slot, layer, leaving);
        }
    }

    /** A search must not start where nothing leads on. */
    private void moveEntry() {
        graph.entryLock.lock();
        try {
            if (!leaving.get(graph.entrySlot())) {
                return;
            }
            int highest = -1;
            for (int slot = 0; slot < linked; slot++) {
                if (!leaving.get(slot)
                        && (highest < 0 || graph.level(slot) > graph.level(highest))) {
                    highest = slot;
                }
            }
            if (highest >= 0) {
                graph.setEntry(highest, graph.level(highest));
            }
        } finally {
            graph.entryLock.unlock();
        }
    }
}
