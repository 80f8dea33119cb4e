package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.segment.Segment;

import java.util.BitSet;

/** Looks for nodes that no search can reach, and for lists that name what does not exist. */
public final class GraphCheck {
    private GraphCheck() {}

    /**
     * What was found.
     *
     * @param nodes live nodes among the linked slots
     * @param unreachable how many of them cannot be reached from the entry on layer 0
     * @param badLinks links to slots that are not linked, to the node itself, or twice the same
     */
    public record Report(int nodes, int unreachable, int badLinks) {}

    /**
     * Walks through the whole graph; for tests and for people, not beside heavy writing.
     *
     * @param linked slots below this are linked, if they were live then
     */
    public static Report check(Graph graph, int linked) {
        Segment segment = graph.segment();
        BitSet reached = new BitSet(linked);
        int badLinks = 0;
        if (!graph.isEmpty()) {
            int[] queue = new int[Math.max(1, linked)];
            int[] neighbours = new int[graph.m0()];
            int tail = 0;
            queue[tail++] = graph.entrySlot();
            reached.set(graph.entrySlot());
            for (int head = 0; head < tail; head++) {
                int count = GraphSearch.neighbours(graph, queue[head], 0, neighbours);
                for (int i = 0; i < count; i++) {
                    int neighbour = neighbours[i];
                    if (neighbour >= linked || neighbour == queue[head]) {
                        badLinks++;
                    } else if (!reached.get(neighbour)) {
                        reached.set(neighbour);
                        queue[tail++] = neighbour;
                    }
                    for (int j = 0; j < i; j++) {
                        badLinks += neighbours[j] == neighbour ? 1 : 0;
                    }
                }
            }
        }
        int nodes = 0;
        int unreachable = 0;
        for (int slot = 0; slot < linked; slot++) {
            if (!segment.isDead(slot)) {
                nodes++;
                unreachable += reached.get(slot) ? 0 : 1;
            }
        }
        return new Report(nodes, unreachable, badLinks);
    }

    /** Whether the slot has any neighbour on layer 0. */
    public static boolean hasNeighbours(Graph graph, int slot) {
        return Native.getInt(graph.list(slot, 0)) != 0;
    }
}
