package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.KeyHash;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Rows of the table whose vector cannot be indexed, by the hashes of their keys, so that one that
 * is corrected or deleted counts no more.
 *
 * <p>Changed under the store's writing lock; what there is may be asked at any time.
 */
final class SkippedRows {
    /**
     * By the number of elements of vectors that have another dimension; under 0 what is skipped for
     * any other reason. A row is in one of the sets, and none of them is empty.
     */
    private final Map<Integer, KeyHashes> rows = new ConcurrentHashMap<>();

    /**
     * The row is not in the index.
     *
     * @param otherDimension elements of its vector, if they are why; else 0
     */
    void add(RowKey key, int otherDimension) {
        rows.computeIfAbsent(otherDimension, each -> new KeyHashes())
                .add(KeyHash.of(key.encoded()));
    }

    /** The row is gone, or about to be looked at again. */
    void remove(RowKey key) {
        if (!rows.isEmpty()) {
            long hash = KeyHash.of(key.encoded());
            rows.values().removeIf(each -> each.remove(hash) && each.size() == 0);
        }
    }

    /**
     * The row has another key now.
     *
     * @return false when it is none of these
     */
    boolean move(RowKey oldKey, RowKey newKey) {
        if (rows.isEmpty()) {
            return false;
        }
        long oldHash = KeyHash.of(oldKey.encoded());
        long newHash = KeyHash.of(newKey.encoded());
        for (KeyHashes each : rows.values()) {
            if (each.remove(oldHash)) {
                each.add(newHash);
                return true;
            }
        }
        return false;
    }

    void clear() {
        rows.clear();
    }

    /** Whether any row is skipped for its vector's dimension. */
    boolean hasOtherDimension() {
        return rows.keySet().stream().anyMatch(elements -> elements > 0);
    }

    /** How many there are, by the elements of their vectors; under 0 those of no such reason. */
    Map<Integer, Long> counts() {
        Map<Integer, Long> counts = new HashMap<>();
        rows.forEach((elements, each) -> counts.put(elements, (long) each.size()));
        return counts;
    }
}
