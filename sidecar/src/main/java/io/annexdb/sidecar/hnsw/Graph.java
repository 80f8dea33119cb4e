package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.kernel.Kernel;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.VectorStore;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The lists of neighbours of a hierarchical navigable small world graph (Malkov and Yashunin, arXiv
 * 1603.09320), off-heap at fixed strides. The paper's M is {@link #m()}, its M_max0 is {@link
 * #m0()}, twice M; the level of a node comes from its key's hash.
 *
 * <p>A list is a run of ints, slot + 1, ended by 0 or by its full length; fresh memory is thus an
 * empty list. Layer 0 has one list per slot. The few nodes above have one list per layer in a
 * second slab. Writers lock the list they change; readers lock nothing: whatever mix of an old and
 * a new list they see is a list of nodes that exist.
 */
public final class Graph implements AutoCloseable {
    private static final ReentrantLock[] LOCKS = new ReentrantLock[1024];
    private static final int LEVEL_MAX = 15;
    private static final int LEVEL_SHIFT = 28;
    private static final int PLACE_MASK = (1 << LEVEL_SHIFT) - 1;

    static {
        for (int i = 0; i < LOCKS.length; i++) {
            LOCKS[i] = new ReentrantLock();
        }
    }

    private final int m;
    private final Segment segment;
    private final VectorStore vectors;
    private final Kernel kernel;
    private final Slab layer0;
    private final Slab upper;

    /** Per slot: level in the upper 4 bits, place of its list of layer 1 in the upper slab. */
    private final Slab places;

    /** Per slot: how many lists of layer 0 name it. */
    private final Slab inDegrees;

    private final AtomicInteger upperLists = new AtomicInteger();

    /** Level in the upper half, slot + 1 in the lower; 0 while the graph is empty. */
    private volatile long entry;

    /** Tombstones that no list may name any more; replaced as a whole. */
    private volatile BitSet leaving = new BitSet();

    private volatile int leavingCount;

    final ReentrantLock entryLock = new ReentrantLock();

    /**
     * @param m links per node, 4 to 100
     */
    public Graph(int m, Segment segment, MemoryBudget budget) {
        this.m = m;
        this.segment = segment;
        this.vectors = segment.vectors();
        this.kernel = Kernels.ofMachine().of(vectors.metric(), vectors.elements());
        long slotsMax = vectors.slotsMax();
        layer0 = new Slab(budget, "graph of an index", Slab.cacheLines(m * 8L), slotsMax);
        upper = new Slab(budget, "upper layers of an index", Slab.cacheLines(m * 4L), slotsMax);
        places = new Slab(budget, "levels of an index", 4, slotsMax);
        inDegrees = new Slab(budget, "in-degrees of an index", 4, slotsMax);
    }

    public int m() {
        return m;
    }

    public int m0() {
        return 2 * m;
    }

    public Segment segment() {
        return segment;
    }

    VectorStore vectors() {
        return vectors;
    }

    /** Makes room for so many slots; before any of them is inserted. */
    public void ensure(int slots) {
        layer0.ensure(slots);
        places.ensure(slots);
        inDegrees.ensure(slots);
    }

    public long bytes() {
        return layer0.bytes() + upper.bytes() + places.bytes() + inDegrees.bytes();
    }

    public boolean isEmpty() {
        return entry == 0;
    }

    int entrySlot() {
        return (int) entry - 1;
    }

    /** Slot and level of the entry in one look. */
    long entry() {
        return entry;
    }

    static int entrySlot(long entry) {
        return (int) entry - 1;
    }

    static int entryLevel(long entry) {
        return (int) (entry >>> 32);
    }

    void setEntry(long packed) {
        entry = packed;
    }

    void setEntry(int slot, int level) {
        entry = (long) level << 32 | (slot + 1);
    }

    /** The level that a node gets: geometric with ratio 1 / M, from the hash of its key. */
    int drawLevel(long keyHash) {
        double uniform = ((keyHash >>> 11) + 1) * 0x1p-53;
        return (int) Math.min(LEVEL_MAX, -Math.log(uniform) / Math.log(m));
    }

    int level(int slot) {
        return Native.getInt(places.address(slot)) >>> LEVEL_SHIFT;
    }

    /** Whether the slot's lists of upper layers lie among the first so many. */
    boolean isPlacedBelow(int slot, int lists) {
        int place = Native.getInt(places.address(slot));
        return (place >>> LEVEL_SHIFT) == 0
                || (place & PLACE_MASK) + (long) (place >>> LEVEL_SHIFT) <= lists;
    }

    /** Takes lists in the upper slab for a node of that level. */
    void place(int slot, int level) {
        if (level > 0) {
            int first = upperLists.getAndAdd(level);
            upper.ensure(first + (long) level);
            Native.putIntRelease(places.address(slot), level << LEVEL_SHIFT | first);
        }
    }

    /** Address of a node's list on a layer. */
    long list(int slot, int layer) {
        if (layer == 0) {
            return layer0.address(slot);
        }
        int place = Native.getIntAcquire(places.address(slot)) & PLACE_MASK;
        return upper.address(place + layer - 1L);
    }

    int listMax(int layer) {
        return layer == 0 ? 2 * m : m;
    }

    ReentrantLock lock(int slot, int layer) {
        int hash = (slot * 31 + layer) * 0x9E3779B9;
        return LOCKS[hash >>> 22];
    }

    int addInDegree(int slot, int delta) {
        return Native.addInt(inDegrees.address(slot), delta);
    }

    /** Distances from a query to {@code n} slots. */
    void score(long query, float scale, int[] slots, int n, float[] out) {
        kernel.score(
                query,
                scale,
                vectors.base(),
                vectors.strideBytes(),
                vectors.scales(),
                vectors.width(),
                slots,
                n,
                out);
    }

    /** Whether the slot is a tombstone that is taken out of the lists, or was. */
    boolean isLeaving(int slot) {
        return leaving.get(slot);
    }

    /** How many tombstones were taken out of the lists, or are being. */
    public int leavingCount() {
        return leavingCount;
    }

    BitSet leaving() {
        return leaving;
    }

    void setLeaving(BitSet slots) {
        leaving = slots;
        leavingCount = slots.cardinality();
    }

    Slab layer0() {
        return layer0;
    }

    Slab upper() {
        return upper;
    }

    Slab places() {
        return places;
    }

    int upperLists() {
        return upperLists.get();
    }

    void setUpperLists(int lists) {
        upperLists.set(lists);
    }

    @Override
    public void close() {
        layer0.close();
        upper.close();
        places.close();
        inDegrees.close();
    }
}
