package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;

import java.util.Arrays;

/**
 * What one search or insertion needs besides the graph; for one thread at a time, used again and
 * again. Visited slots carry the number of the search, so that nothing is cleared in between.
 */
public final class Scratch {
    /** Candidates expanded in one step, so that their rows are fetched at the same time. */
    static final int WIDTH = 4;

    final CandidatePool pool = new CandidatePool();
    final int[] open = new int[WIDTH];
    int[] slots = new int[256];
    float[] distances = new float[256];

    /** Slots from here on are newer than the search and not looked at. */
    int limit;

    private int[] lists = new int[WIDTH * 64];
    private byte[] visited = new byte[0];
    private byte epoch;
    private NativeBuffer query = new NativeBuffer(4096);
    private NativeBuffer prepared = new NativeBuffer(4096);

    /** What {@link Native#touch} gave. */
    int touched;

    /** Scores computed since {@link #begin}. */
    int scored;

    /** The candidates of the last search. */
    public CandidatePool pool() {
        return pool;
    }

    /** Number of distances that the last search computed. */
    public int scored() {
        return scored;
    }

    /** A buffer for a query of so many bytes. */
    public long queryAddress(long bytes) {
        if (query.bytes() < bytes) {
            query = new NativeBuffer(bytes);
        }
        return query.address();
    }

    /** A buffer for a prepared query of so many bytes. */
    long preparedAddress(int bytes) {
        if (prepared.bytes() < bytes) {
            prepared = new NativeBuffer(bytes);
        }
        return prepared.address();
    }

    /** A buffer for so many slots. */
    int[] lists(int slots) {
        if (lists.length < slots) {
            lists = new int[slots];
        }
        return lists;
    }

    /** Nothing is visited any more. */
    void begin(int slots) {
        limit = slots;
        if (visited.length < slots) {
            visited = new byte[(int) Math.min(Integer.MAX_VALUE - 8L, slots + slots / 4L)];
            epoch = 0;
        }
        if (++epoch == 0) {
            Arrays.fill(visited, (byte) 0);
            epoch = 1;
        }
    }

    /** 1 if the slot is visited for the first time since {@link #begin}, else 0. */
    int visit(int slot) {
        int difference = visited[slot] ^ epoch;
        visited[slot] = epoch;
        return -difference >>> 31 | difference >>> 31;
    }

    /** Room for so many slots in {@link #slots} and {@link #distances}. */
    void room(int count) {
        if (slots.length < count) {
            slots = Arrays.copyOf(slots, count);
            distances = Arrays.copyOf(distances, count);
        }
    }
}
