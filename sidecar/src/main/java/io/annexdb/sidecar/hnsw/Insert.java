package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;

import org.jspecify.annotations.Nullable;

import java.util.BitSet;

/**
 * Insertion (Algorithm 1): finds neighbours on every layer from the top down, then links from layer
 * 0 up, so that a node that is found on a layer leads on below. Any number of threads insert
 * different slots at the same time, each with an object of its own.
 */
public final class Insert {
    private final Graph graph;
    private final Segment segment;
    private final int efConstruction;
    private final Scratch scratch;
    private final @Nullable Codes codes;
    private final SelectNeighbors selection;
    private final SlotQuery query;

    /** Per layer: number of neighbours, then the neighbours. */
    private final int[][] chosen;

    private final EditLists lists;
    private final int[] slots;
    private final float[] distances;
    private final int[] rest;

    /**
     * @param efConstruction candidates looked at per layer, 8 to 2000
     * @param codes by which candidates are found, of all linked slots and of those to insert; null
     *     where there are none
     */
    public Insert(Graph graph, int efConstruction, Scratch scratch, @Nullable Codes codes) {
        this.graph = graph;
        this.codes = codes;
        this.segment = graph.segment();
        this.efConstruction = Math.max(efConstruction, graph.m());
        this.scratch = scratch;
        this.selection = new SelectNeighbors(graph.vectors());
        this.query = new SlotQuery(graph.vectors());
        this.chosen = new int[17][graph.m() + 1];
        int most = Math.max(this.efConstruction * 4, graph.m0() * 4 + 1);
        this.lists = new EditLists(graph, most);
        this.slots = new int[most];
        this.distances = new float[most];
        this.rest = new int[most];
    }

    /** Links a slot whose vector is stored; {@link Graph#ensure} has made room for it. */
    public void insert(int slot) {
        int level = graph.drawLevel(segment.keyHash(slot));
        long entry = graph.entry();
        if (entry != 0 && level <= Graph.entryLevel(entry)) {
            link(slot, level, entry);
            return;
        }
        graph.entryLock.lock();
        try {
            entry = graph.entry();
            if (entry == 0) {
                graph.place(slot, level);
                graph.setEntry(slot, level);
                return;
            }
            link(slot, level, entry);
            if (level > Graph.entryLevel(graph.entry())) {
                graph.setEntry(slot, level);
            }
        } finally {
            graph.entryLock.unlock();
        }
    }

    /** Gives a linked node that was shut off a name with a node that is not. */
    void connect(int slot, SlotFilter reached) {
        choose(slot, 0, graph.entry());
        if (GraphSearch.neighbours(graph, slot, 0, slots) == 0) {
            lists.setOwn(slot, 0, chosen[0], 1, chosen[0][0]);
        }
        CandidatePool pool = scratch.pool;
        int nearest = -1;
        for (int i = 0; i < pool.size(); i++) {
            int base = pool.slot(i);
            if (base != slot && reached.accepts(base)) {
                nearest = nearest < 0 ? base : nearest;
                if (lists.append(base, slot)) {
                    return;
                }
            }
        }
        if (nearest >= 0) {
            lists.linkBack(nearest, slot, 0, true);
        }
    }

    /** Finds further neighbours for a linked node that is about to lose most of its own. */
    void relink(int slot, BitSet leaving) {
        choose(slot, 0, graph.entry());
        for (int i = 1; i <= chosen[0][0]; i++) {
            lists.addInPlaceOfLeaving(slot, chosen[0][i], leaving);
            lists.linkBack(chosen[0][i], slot, 0, false);
        }
        lists.adoptOrphans();
    }

    /** The lists, for changes other than insertions. */
    EditLists lists() {
        return lists;
    }

    private void link(int slot, int level, long entry) {
        int top = Math.min(level, Graph.entryLevel(entry));
        choose(slot, top, entry);
        graph.place(slot, level);
        for (int layer = 0; layer <= top; layer++) {
            lists.setOwn(slot, layer, chosen[layer], 1, chosen[layer][0]);
            for (int i = 1; i <= chosen[layer][0]; i++) {
                lists.linkBack(chosen[layer][i], slot, layer, false);
            }
        }
        lists.adoptOrphans();
        if (graph.addInDegree(slot, 0) == 0) {
            adoptWhereRoomIs(slot);
        }
    }

    /** Lets the nearest node that was found and has room name the new one; else the nearest. */
    private void adoptWhereRoomIs(int slot) {
        CandidatePool pool = scratch.pool;
        for (int i = 0; i < pool.size(); i++) {
            if (pool.slot(i) != slot && lists.append(pool.slot(i), slot)) {
                return;
            }
        }
        lists.linkBack(chosen[0][1], slot, 0, true);
    }

    private void choose(int slot, int top, long entry) {
        Scorer scorer = scorer(slot);
        SlotFilter filter = segment.tombstones() == 0 ? null : each -> !segment.isDead(each);
        int start = GraphSearch.descend(graph, scorer, entry, top, scratch);
        for (int layer = top; layer >= 0; layer--) {
            GraphSearch.begin(graph, scorer, start, efConstruction, filter, scratch);
            boolean whole = GraphSearch.layer(graph, layer, scorer, filter, scratch, any -> false);
            assert whole : "nobody stops an insertion";
            start = scratch.pool.slot(0);
            int candidates = candidates(slot);
            if (codes != null) {
                lists.rank(slot, slots, distances, candidates);
            }
            int taken = selection.select(graph, slots, distances, candidates, graph.m(), rest);
            System.arraycopy(slots, 0, chosen[layer], 1, taken);
            chosen[layer][0] = taken;
            likeItsCopy(slot, layer);
        }
    }

    private Scorer scorer(int slot) {
        long address = query.address(slot);
        float scale = graph.vectors().scale(slot);
        return codes == null
                ? new VectorScorer(graph.vectors(), address, scale)
                : new CodeScorer(codes, address, scale, scratch);
    }

    /**
     * A node that found little but copies of its vector takes over the neighbours of the nearest
     * one, for they are its own: else a search that comes to many copies would not get away.
     */
    private void likeItsCopy(int slot, int layer) {
        int[] list = chosen[layer];
        if (list[0] == 0
                || list[0] > graph.m() / 4
                || segment.vectorHash(list[1]) != segment.vectorHash(slot)) {
            return;
        }
        int count = GraphSearch.neighbours(graph, list[1], layer, rest);
        for (int i = 0; i < count && list[0] < graph.m(); i++) {
            if (rest[i] != slot && !isChosen(rest[i], list)) {
                list[++list[0]] = rest[i];
            }
        }
    }

    private static boolean isChosen(int slot, int[] list) {
        for (int i = 1; i <= list[0]; i++) {
            if (list[i] == slot) {
                return true;
            }
        }
        return false;
    }

    /**
     * Copies the pool's live candidates; when they are too few, tombstones too, leaving ones last.
     */
    private int candidates(int self) {
        int count = copy(slot -> !segment.isDead(slot), self);
        if (count < graph.m()) {
            count = copy(slot -> !graph.isLeaving(slot), self);
        }
        return count > 0 ? count : copy(slot -> true, self);
    }

    private int copy(SlotFilter wanted, int self) {
        CandidatePool pool = scratch.pool;
        int count = 0;
        for (int i = 0; i < pool.size() && count < slots.length; i++) {
            int slot = pool.slot(i);
            if (slot != self && wanted.accepts(slot)) {
                slots[count] = slot;
                distances[count++] = pool.distance(i);
            }
        }
        return count;
    }
}
