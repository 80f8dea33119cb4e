package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.segment.Segment;

/** Looks for nodes that no search can reach, and for lists that name what does not exist. */
public final class GraphCheck {
    private GraphCheck() {}

    /**
     * What was found.
     *
     * @param nodes live nodes among the linked slots
     * @param unreachable how many of them cannot be reached from the entry on layer 0
     * @param badLinks links to slots that are not linked, to the node itself, or twice the same
     * @param deadLinks links of live nodes to tombstones
     */
    public record Report(int nodes, int unreachable, int badLinks, int deadLinks) {}

    /**
     * Walks through the whole graph; not beside insertions.
     *
     * @param linked slots below this are linked, if they were live then
     */
    public static Report check(Graph graph, int linked) {
        Segment segment = graph.segment();
        Reachability reachability = new Reachability(graph, linked);
        int nodes = 0;
        int unreachable = 0;
        int badLinks = 0;
        int deadLinks = 0;
        for (int slot = 0; slot < linked; slot++) {
            badLinks += badLinks(graph, slot, linked);
            if (!segment.isDead(slot)) {
                nodes++;
                deadLinks += deadLinks(graph, slot);
                unreachable += reachability.isReached(slot) ? 0 : 1;
            }
        }
        return new Report(nodes, unreachable, badLinks, deadLinks);
    }

    private static int deadLinks(Graph graph, int slot) {
        int[] neighbours = new int[graph.m0()];
        int count = GraphSearch.neighbours(graph, slot, 0, neighbours);
        int dead = 0;
        for (int i = 0; i < count; i++) {
            dead += graph.segment().isDead(neighbours[i]) ? 1 : 0;
        }
        return dead;
    }

    private static int badLinks(Graph graph, int slot, int linked) {
        int[] neighbours = new int[graph.m0()];
        int count = GraphSearch.neighbours(graph, slot, 0, neighbours);
        int bad = 0;
        for (int i = 0; i < count; i++) {
            boolean twice = false;
            for (int j = 0; j < i; j++) {
                twice |= neighbours[j] == neighbours[i];
            }
            if (twice || neighbours[i] == slot || neighbours[i] >= linked) {
                bad++;
            }
        }
        return bad;
    }
}
