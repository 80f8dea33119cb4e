package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Insertion (Algorithm 1): finds neighbours on every layer from the top down, then links from layer
 * 0 up, so that a node that is found on a layer leads on below. Any number of threads insert
 * different slots at the same time, each with an object of its own.
 *
 * <p>Beyond the paper: no list of layer 0 drops a live node that no other list names, because such
 * a node could not be found any more. In-degrees are counted for that.
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

    private final long[] sorted;
    private final int[] slots;
    private final float[] distances;
    private final int[] rest;
    private final float[] restDistances;
    private final int[] orphaned = new int[64];
    private int orphans;

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
        this.sorted = new long[most];
        this.slots = new int[most];
        this.distances = new float[most];
        this.rest = new int[most];
        this.restDistances = new float[most];
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
            writeOwn(slot, 0);
        }
        CandidatePool pool = scratch.pool;
        int nearest = -1;
        for (int i = 0; i < pool.size(); i++) {
            int base = pool.slot(i);
            if (base != slot && reached.accepts(base)) {
                nearest = nearest < 0 ? base : nearest;
                if (append(base, slot)) {
                    return;
                }
            }
        }
        if (nearest >= 0) {
            linkBack(nearest, slot, 0, true);
        }
    }

    /** Sets a list that was empty; chosen by heuristic if wanted. */
    void setList(int slot, int layer, int[] candidates, int n, boolean choose) {
        int count = n;
        System.arraycopy(candidates, 0, slots, 0, n);
        if (choose && n > 0) {
            sortByDistance(slot, n);
            count = selection.select(graph, slots, distances, n, graph.listMax(layer), rest);
        }
        write(graph.list(slot, layer), slots, 0, count, layer);
        for (int i = 0; layer == 0 && i < count; i++) {
            graph.addInDegree(slots[i], 1);
        }
    }

    private void link(int slot, int level, long entry) {
        int top = Math.min(level, Graph.entryLevel(entry));
        choose(slot, top, entry);
        graph.place(slot, level);
        for (int layer = 0; layer <= top; layer++) {
            writeOwn(slot, layer);
            for (int i = 1; i <= chosen[layer][0]; i++) {
                linkBack(chosen[layer][i], slot, layer, false);
            }
        }
        for (int i = 0; i < orphans; i++) {
            adopt(orphaned[i]);
        }
        orphans = 0;
        if (graph.addInDegree(slot, 0) == 0) {
            adoptWhereRoomIs(slot);
        }
    }

    /** Lets the nearest node that was found and has room name the new one; else the nearest. */
    private void adoptWhereRoomIs(int slot) {
        CandidatePool pool = scratch.pool;
        for (int i = 0; i < pool.size(); i++) {
            if (pool.slot(i) != slot && append(pool.slot(i), slot)) {
                return;
            }
        }
        linkBack(chosen[0][1], slot, 0, true);
    }

    /** Lets one of its own neighbours name a node that lost its last name. */
    private void adopt(int orphan) {
        if (graph.addInDegree(orphan, 0) > 0) {
            return;
        }
        int[] neighbours = new int[graph.m0()];
        int count = GraphSearch.neighbours(graph, orphan, 0, neighbours);
        for (int i = 0; i < count; i++) {
            if (append(neighbours[i], orphan)) {
                return;
            }
        }
        if (count > 0) {
            linkBack(neighbours[0], orphan, 0, true);
        }
    }

    /** Adds to a list of layer 0 if it has room. */
    private boolean append(int base, int slot) {
        ReentrantLock lock = graph.lock(base, 0);
        lock.lock();
        try {
            int count = GraphSearch.neighbours(graph, base, 0, slots);
            for (int i = 0; i < count; i++) {
                if (slots[i] == slot) {
                    return true;
                }
            }
            if (count == graph.m0()) {
                return false;
            }
            Native.putIntRelease(graph.list(base, 0) + count * 4L, slot + 1);
            graph.addInDegree(slot, 1);
            return true;
        } finally {
            lock.unlock();
        }
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
                sortByDistance(slot, candidates);
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

    /** Copies the pool's live candidates, or all when they are too few. */
    private int candidates(int self) {
        CandidatePool pool = scratch.pool;
        int count = 0;
        for (int i = 0; i < pool.size() && count < slots.length; i++) {
            if (pool.isAnswer(i) && pool.slot(i) != self) {
                slots[count] = pool.slot(i);
                distances[count++] = pool.distance(i);
            }
        }
        if (count >= graph.m()) {
            return count;
        }
        count = 0;
        for (int i = 0; i < pool.size() && count < slots.length; i++) {
            if (pool.slot(i) != self) {
                slots[count] = pool.slot(i);
                distances[count++] = pool.distance(i);
            }
        }
        return count;
    }

    private void writeOwn(int slot, int layer) {
        ReentrantLock lock = graph.lock(slot, layer);
        lock.lock();
        try {
            write(graph.list(slot, layer), chosen[layer], 1, chosen[layer][0], layer);
        } finally {
            lock.unlock();
        }
        if (layer == 0) {
            for (int i = 1; i <= chosen[0][0]; i++) {
                graph.addInDegree(chosen[0][i], 1);
            }
        }
    }

    /** Adds {@code slot} to the list of {@code base}, which chooses anew when it is full. */
    private void linkBack(int base, int slot, int layer, boolean force) {
        ReentrantLock lock = graph.lock(base, layer);
        lock.lock();
        try {
            int count = GraphSearch.neighbours(graph, base, layer, slots);
            for (int i = 0; i < count; i++) {
                if (slots[i] == slot) {
                    return;
                }
            }
            if (count < graph.listMax(layer)) {
                Native.putIntRelease(graph.list(base, layer) + count * 4L, slot + 1);
                if (layer == 0) {
                    graph.addInDegree(slot, 1);
                }
            } else if (force) {
                replaceFarthest(base, slot, count);
            } else {
                chooseAnew(base, slot, layer, count);
            }
        } finally {
            lock.unlock();
        }
    }

    private void chooseAnew(int base, int slot, int layer, int count) {
        slots[count] = slot;
        int n = sortByDistance(base, count + 1);
        int most = graph.listMax(layer);
        int taken = selection.select(graph, slots, distances, n, most, rest);
        if (layer == 0) {
            taken = keepLastNamed(slot, n, taken, most);
        }
        write(graph.list(base, layer), slots, 0, taken, layer);
    }

    /** Counts in-degrees and keeps those of the dropped that would be named nowhere else. */
    private int keepLastNamed(int added, int n, int taken, int most) {
        boolean isTaken = false;
        for (int i = 0; i < taken; i++) {
            isTaken |= slots[i] == added;
        }
        if (isTaken) {
            graph.addInDegree(added, 1);
        }
        int kept = taken;
        for (int i = taken; i < n; i++) {
            int dropped = slots[i];
            if (dropped == added) {
                continue;
            }
            if (graph.addInDegree(dropped, -1) == 0 && !segment.isDead(dropped)) {
                if (kept < most) {
                    graph.addInDegree(dropped, 1);
                    slots[kept++] = dropped;
                } else if (orphans < orphaned.length) {
                    orphaned[orphans++] = dropped;
                }
            }
        }
        return kept;
    }

    private void replaceFarthest(int base, int slot, int count) {
        int n = sortByDistance(base, count);
        for (int i = n - 1; i >= 0; i--) {
            if (graph.addInDegree(slots[i], -1) > 0 || i == 0) {
                slots[i] = slot;
                graph.addInDegree(slot, 1);
                write(graph.list(base, 0), slots, 0, n, 0);
                return;
            }
            graph.addInDegree(slots[i], 1);
        }
    }

    /** Sorts {@code slots} by distance from the base, tombstones last. */
    private int sortByDistance(int base, int n) {
        graph.score(query.address(base), graph.vectors().scale(base), slots, n, distances);
        boolean anyDead = segment.tombstones() > 0;
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(distances[i]);
            int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
            long dead = anyDead && segment.isDead(slots[i]) ? 1L << 50 : 0;
            sorted[i] = dead + ((long) sortable << 13) + i;
            rest[i] = slots[i];
            restDistances[i] = distances[i];
        }
        Arrays.sort(sorted, 0, n);
        for (int i = 0; i < n; i++) {
            int from = (int) sorted[i] & 8191;
            slots[i] = rest[from];
            distances[i] = restDistances[from];
        }
        return n;
    }

    private void write(long list, int[] neighbours, int from, int count, int layer) {
        for (int i = 0; i < count; i++) {
            Native.putIntRelease(list + i * 4L, neighbours[from + i] + 1);
        }
        for (int i = count; i < graph.listMax(layer); i++) {
            Native.putInt(list + i * 4L, 0);
        }
    }
}
