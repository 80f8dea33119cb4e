package io.annexdb.sidecar.hnsw;

import java.util.BitSet;

/**
 * Finds live nodes that no walk from the entry meets, and gives each a name in the list of a near
 * node that is met. Insertion keeps such nodes rare, but many copies of one vector, or links lost
 * in a compaction, can shut a few off.
 */
public final class Reconnect {
    private static final int NODES_PER_BRIDGE = 32;

    private Reconnect() {}

    /**
     * Repairs a graph that nobody is inserting into.
     *
     * @param linked slots below this are linked, if they were live then
     */
    public static void run(Graph graph, int linked, Insert insert) {
        Reachability reachability = new Reachability(graph, linked);
        for (int slot = 0; slot < linked; slot++) {
            if (!graph.segment().isDead(slot)) {
                reach(slot, reachability, insert);
            }
        }
    }

    /** Repairs a copy of which so far only the kept nodes are linked. */
    static void run(Graph copy, BitSet kept, int[] newSlots, Insert insert) {
        Reachability reachability = new Reachability(copy, newSlots.length);
        for (int slot = kept.nextSetBit(0); slot >= 0; slot = kept.nextSetBit(slot + 1)) {
            reach(newSlots[slot], reachability, insert);
        }
    }

    /** One bridge alone would go with the next list that chooses anew. */
    private static void reach(int slot, Reachability reachability, Insert insert) {
        if (reachability.isReached(slot)) {
            return;
        }
        insert.connect(slot, reachability::isReached);
        int size = reachability.walkFrom(slot);
        if (size <= NODES_PER_BRIDGE) {
            return;
        }
        BitSet island = new BitSet();
        for (int i = 0; i < size; i++) {
            island.set(reachability.walked(i));
        }
        for (int i = NODES_PER_BRIDGE; i < size; i += NODES_PER_BRIDGE) {
            insert.connect(
                    reachability.walked(i),
                    near -> reachability.isReached(near) && !island.get(near));
        }
    }
}
