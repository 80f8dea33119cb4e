package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.RowKey;

import java.util.HashSet;
import java.util.Set;

/**
 * Rows of the table whose vector cannot be indexed, by key, so that one that is corrected or
 * deleted counts no more. Beyond {@value #KEYS_MAX} of them they are counted only.
 *
 * <p>Changed under the store's writing lock; the numbers may be asked at any time.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time, under the lock
final class SkippedRows {
    private static final int KEYS_MAX = 10_000;

    private final Set<RowKey> keys = new HashSet<>();
    private volatile long rows;
    private volatile int dimension;

    /**
     * The row is not in the index.
     *
     * @param otherDimension elements of its vector, if they are why; else 0
     */
    void add(RowKey key, int otherDimension) {
        if (keys.size() >= KEYS_MAX ? !keys.contains(key) : keys.add(key)) {
            rows = rows + 1;
        }
        if (otherDimension > 0) {
            dimension = otherDimension;
        }
    }

    /** The row is gone, or about to be looked at again. */
    void remove(RowKey key) {
        if (rows > 0 && keys.remove(key)) {
            rows = rows - 1;
            forgetDimension();
        }
    }

    void clear() {
        keys.clear();
        rows = 0;
        forgetDimension();
    }

    private void forgetDimension() {
        if (rows == 0) {
            dimension = 0;
        }
    }

    long rows() {
        return rows;
    }

    /** Elements of the last vector that was skipped for its dimension; 0 if none was. */
    int otherDimension() {
        return dimension;
    }
}
