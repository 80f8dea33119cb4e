package io.annexdb.sidecar.hnsw;

import java.util.Arrays;
import java.util.BitSet;

/** Which nodes a walk along the lists of layer 0 meets; exact if nobody is inserting. */
final class Reachability {
    private final Graph graph;
    private final int linked;
    private final BitSet reached;
    private final BitSet avoided;
    private final int[] neighbours;
    private int[] queue = new int[1024];

    /** From the entry. */
    Reachability(Graph graph, int linked) {
        this(graph, linked, new BitSet(), graph.isEmpty() ? -1 : graph.entrySlot());
    }

    /**
     * @param avoided nodes that the walk does not enter
     * @param start where it begins; negative for nowhere
     */
    Reachability(Graph graph, int linked, BitSet avoided, int start) {
        this.graph = graph;
        this.linked = linked;
        this.avoided = avoided;
        reached = new BitSet(linked);
        neighbours = new int[graph.m0()];
        if (start >= 0) {
            walkFrom(start);
        }
    }

    /** Number of nodes met so far. */
    int reachedCount() {
        return reached.cardinality();
    }

    boolean isReached(int slot) {
        return reached.get(slot);
    }

    /** Adds a node and everything that it leads to; returns how many nodes are new. */
    int walkFrom(int slot) {
        int tail = add(slot, 0);
        for (int head = 0; head < tail; head++) {
            int count = GraphSearch.neighbours(graph, queue[head], 0, neighbours);
            for (int i = 0; i < count; i++) {
                tail = add(neighbours[i], tail);
            }
        }
        return tail;
    }

    /** A node met by the last walk, in its order. */
    int walked(int index) {
        return queue[index];
    }

    private int add(int slot, int tail) {
        if (slot >= linked || reached.get(slot) || avoided.get(slot)) {
            return tail;
        }
        reached.set(slot);
        if (tail == queue.length) {
            queue = Arrays.copyOf(queue, tail * 2);
        }
        queue[tail] = slot;
        return tail + 1;
    }
}
