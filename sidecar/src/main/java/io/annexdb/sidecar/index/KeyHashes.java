package io.annexdb.sidecar.index;

/**
 * A set of hashes of keys, 12 to 24 bytes each: open addressing with linear probing, where what is
 * removed leaves no gap (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). Two keys of
 * one hash count as one; among a million rows that is so once in forty million cases.
 *
 * <p>One writer at a time; the size may be asked at any time.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time
final class KeyHashes {
    private static final long EMPTY = 0;

    /** At most two thirds of them are taken. */
    private long[] cells = new long[16];

    private volatile int size;

    int size() {
        return size;
    }

    void add(long hash) {
        if ((size + 1) * 3L > cells.length * 2L) {
            grow();
        }
        int cell = cellOf(kept(hash));
        if (cells[cell] == EMPTY) {
            cells[cell] = kept(hash);
            size = size + 1;
        }
    }

    /** Returns whether it was there. */
    boolean remove(long hash) {
        int gap = cellOf(kept(hash));
        if (cells[gap] == EMPTY) {
            return false;
        }
        int mask = cells.length - 1;
        for (int cell = (gap + 1) & mask; cells[cell] != EMPTY; cell = (cell + 1) & mask) {
            int home = (int) cells[cell] & mask;
            if (((cell - home) & mask) >= ((cell - gap) & mask)) {
                cells[gap] = cells[cell];
                gap = cell;
            }
        }
        cells[gap] = EMPTY;
        size = size - 1;
        return true;
    }

    private static long kept(long hash) {
        return hash == EMPTY ? 1 : hash;
    }

    /** Where it is, or would be. */
    private int cellOf(long hash) {
        int mask = cells.length - 1;
        int cell = (int) hash & mask;
        while (cells[cell] != EMPTY && cells[cell] != hash) {
            cell = (cell + 1) & mask;
        }
        return cell;
    }

    private void grow() {
        long[] old = cells;
        cells = new long[Math.multiplyExact(old.length, 2)];
        for (long hash : old) {
            if (hash != EMPTY) {
                cells[cellOf(hash)] = hash;
            }
        }
    }
}
