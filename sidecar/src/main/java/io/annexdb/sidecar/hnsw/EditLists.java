package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;

import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Changes lists of neighbours, each under its lock; one object per thread. No list of layer 0 drops
 * a live node that no other list names, because such a node could not be found any more: in-degrees
 * are counted for that, and a node that loses its last name is an orphan until another list adopts
 * it.
 */
final class EditLists {
    private static final int HEIRS_PER_LINK = 4;

    private final Graph graph;
    private final Segment segment;
    private final SelectNeighbors selection;
    private final SlotQuery query;
    private final long[] sorted;
    private final int[] slots;
    private final float[] distances;
    private final int[] rest;
    private final float[] restDistances;
    private final int[] heirs;
    private final float[] heirDistances;
    private int heirCount;
    private final int[] orphaned = new int[128];
    private int orphans;

    /**
     * @param most candidates that are ranked at once, at most 8192
     */
    EditLists(Graph graph, int most) {
        this.graph = graph;
        this.segment = graph.segment();
        selection = new SelectNeighbors(graph.vectors());
        query = new SlotQuery(graph.vectors());
        sorted = new long[most];
        slots = new int[most];
        distances = new float[most];
        rest = new int[most];
        restDistances = new float[most];
        heirs = new int[HEIRS_PER_LINK * graph.m0()];
        heirDistances = new float[heirs.length];
    }

    /** Sets the list of a node that is new on a layer. */
    void setOwn(int slot, int layer, int[] neighbours, int from, int count) {
        ReentrantLock lock = graph.lock(slot, layer);
        lock.lock();
        try {
            write(graph.list(slot, layer), neighbours, from, count, layer);
        } finally {
            lock.unlock();
        }
        for (int i = 0; layer == 0 && i < count; i++) {
            graph.addInDegree(neighbours[from + i], 1);
        }
    }

    /** Sets a list that was empty; chosen by heuristic if wanted. */
    void set(int slot, int layer, int[] candidates, int n, boolean choose) {
        int count = n;
        System.arraycopy(candidates, 0, slots, 0, n);
        if (choose && n > 0) {
            rank(slot, slots, distances, n);
            count = selection.select(graph, slots, distances, n, graph.listMax(layer), rest);
        }
        write(graph.list(slot, layer), slots, 0, count, layer);
        for (int i = 0; layer == 0 && i < count; i++) {
            graph.addInDegree(slots[i], 1);
        }
    }

    /** Finds a list for every node that lost its last name since the last call. */
    void adoptOrphans() {
        for (int i = 0; i < orphans; i++) {
            adopt(orphaned[i]);
        }
        orphans = 0;
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
    boolean append(int base, int slot) {
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

    /** Adds {@code slot} to the list of {@code base}, which chooses anew when it is full. */
    void linkBack(int base, int slot, int layer, boolean force) {
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
        int n = count + 1;
        rank(base, slots, distances, n);
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
        int n = count;
        rank(base, slots, distances, n);
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

    /** Computes distances from the base and sorts by them, tombstones last. */
    void rank(int base, int[] candidates, float[] out, int n) {
        graph.score(query.address(base), graph.vectors().scale(base), candidates, n, out);
        boolean anyDead = segment.tombstones() > 0;
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(out[i]);
            int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
            long dead = anyDead && segment.isDead(candidates[i]) ? 1L << 50 : 0;
            sorted[i] = dead + ((long) sortable << 13) + i;
            rest[i] = candidates[i];
            restDistances[i] = out[i];
        }
        Arrays.sort(sorted, 0, n);
        for (int i = 0; i < n; i++) {
            int from = (int) sorted[i] & 8191;
            candidates[i] = rest[from];
            out[i] = restDistances[from];
        }
    }

    /** Whether most of a list of layer 0 is leaving. */
    boolean losesMost(int base, BitSet leaving) {
        int count = GraphSearch.neighbours(graph, base, 0, slots);
        int gone = 0;
        for (int i = 0; i < count; i++) {
            gone += leaving.get(slots[i]) ? 1 : 0;
        }
        return gone * 2 > count;
    }

    /** Adds a neighbour to a list of layer 0 where there is room, or a leaving one to replace. */
    void addInPlaceOfLeaving(int base, int slot, BitSet leaving) {
        if (append(base, slot)) {
            return;
        }
        ReentrantLock lock = graph.lock(base, 0);
        lock.lock();
        try {
            int count = GraphSearch.neighbours(graph, base, 0, slots);
            for (int i = 0; i < count; i++) {
                if (leaving.get(slots[i])) {
                    graph.addInDegree(slots[i], -1);
                    graph.addInDegree(slot, 1);
                    Native.putIntRelease(graph.list(base, 0) + i * 4L, slot + 1);
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes leaving nodes out of a list. Their places go to the nearest of their own neighbours
     * that are nearer to the base than to what the list holds by then.
     */
    void unlink(int base, int layer, BitSet leaving) {
        ReentrantLock lock = graph.lock(base, layer);
        lock.lock();
        try {
            int count = GraphSearch.neighbours(graph, base, layer, slots);
            int kept = collectHeirs(base, layer, leaving, count);
            if (kept == count) {
                return;
            }
            graph.score(query.address(base), graph.vectors().scale(base), slots, kept, distances);
            rank(base, heirs, heirDistances, heirCount);
            int taken =
                    selection.extend(
                            graph, slots, distances, kept, heirs, heirDistances, heirCount, count);
            write(graph.list(base, layer), slots, 0, taken, layer);
            for (int i = kept; layer == 0 && i < taken; i++) {
                graph.addInDegree(slots[i], 1);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Moves what stays to the front of slots; heirs are what the leaving ones name. */
    private int collectHeirs(int base, int layer, BitSet leaving, int count) {
        int kept = 0;
        heirCount = 0;
        int[] left = Arrays.copyOf(slots, count);
        for (int slot : left) {
            if (!leaving.get(slot)) {
                slots[kept++] = slot;
            }
        }
        for (int i = 0; i < count && kept < count; i++) {
            if (leaving.get(left[i])) {
                int named = GraphSearch.neighbours(graph, left[i], layer, rest);
                for (int j = 0; j < named; j++) {
                    addHeir(rest[j], base, leaving, kept);
                }
            }
        }
        return kept;
    }

    private void addHeir(int slot, int base, BitSet leaving, int kept) {
        if (slot != base
                && heirCount < heirs.length
                && !leaving.get(slot)
                && !isAmong(slot, slots, kept)
                && !isAmong(slot, heirs, heirCount)) {
            heirs[heirCount++] = slot;
        }
    }

    private static boolean isAmong(int slot, int[] list, int count) {
        for (int i = 0; i < count; i++) {
            if (list[i] == slot) {
                return true;
            }
        }
        return false;
    }

    /** Empties the list of a node that no list names any more; what only it named is adopted. */
    void retire(int slot, BitSet leaving) {
        ReentrantLock lock = graph.lock(slot, 0);
        lock.lock();
        try {
            int count = GraphSearch.neighbours(graph, slot, 0, slots);
            for (int i = 0; i < count; i++) {
                if (graph.addInDegree(slots[i], -1) == 0
                        && !leaving.get(slots[i])
                        && orphans < orphaned.length) {
                    orphaned[orphans++] = slots[i];
                }
            }
            write(graph.list(slot, 0), slots, 0, 0, 0);
        } finally {
            lock.unlock();
        }
        adoptOrphans();
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
