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
    private static final int ENTRIES_TRIED = 8;

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
        Reachability staying = new Reachability(graph, linked, leaving, graph.entrySlot());
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

    /**
     * A search must not start where nothing leads on: the most must be in reach without leaving
     * ones.
     */
    private void moveEntry() {
        graph.entryLock.lock();
        try {
            int best = -1;
            int bestReached = 0;
            int candidate = graph.entrySlot();
            for (int i = 0; i < ENTRIES_TRIED && bestReached * 2 < linked; i++) {
                if (candidate >= 0 && !leaving.get(candidate)) {
                    int reached =
                            new Reachability(graph, linked, leaving, candidate).reachedCount();
                    if (reached > bestReached) {
                        best = candidate;
                        bestReached = reached;
                    }
                }
                candidate = nextHighest(candidate);
            }
            if (best >= 0 && best != graph.entrySlot()) {
                graph.setEntry(best, graph.level(best));
            }
        } finally {
            graph.entryLock.unlock();
        }
    }

    /** The next staying node on the highest level that is not above that of the one before. */
    private int nextHighest(int before) {
        int highest = -1;
        int level = graph.level(before);
        for (int slot = 0; slot < linked; slot++) {
            boolean isNext =
                    graph.level(slot) < level || (graph.level(slot) == level && slot > before);
            if (!leaving.get(slot)
                    && isNext
                    && (highest < 0 || graph.level(slot) > graph.level(highest))) {
                highest = slot;
            }
        }
        return highest < 0 ? before : highest;
    }
}
