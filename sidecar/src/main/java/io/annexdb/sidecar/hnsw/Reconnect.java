package io.annexdb.sidecar.hnsw;

/**
 * Finds live nodes that no walk from the entry meets, and gives each a name in the list of a near
 * node that is met. Insertion keeps such nodes rare, but many copies of one vector, or links lost
 * in a compaction, can shut a few off.
 */
public final class Reconnect {
    private Reconnect() {}

    /**
     * Repairs a graph that nobody is inserting into.
     *
     * @param linked slots below this are linked, if they were live then
     * @return number of nodes that were shut off
     */
    public static int run(Graph graph, int linked, Insert insert) {
        Reachability reachability = new Reachability(graph, linked);
        int found = 0;
        for (int slot = 0; slot < linked; slot++) {
            if (!reachability.isReached(slot) && !graph.segment().isDead(slot)) {
                insert.connect(slot, reachability::isReached);
                reachability.walkFrom(slot);
                found++;
            }
        }
        return found;
    }
}
