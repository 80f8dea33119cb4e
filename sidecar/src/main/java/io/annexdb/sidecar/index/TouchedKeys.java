package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.RowKey;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keys that were written since somebody began to watch an index: written down before the change is
 * made, so that who looks at a row first and here second cannot miss a change. One writer, any
 * number of readers.
 */
final class TouchedKeys {
    /** Some hundred megabytes; whoever watches for that long has to begin again. */
    static final int KEYS_MAX = 1_000_000;

    private final Set<RowKey> keys = ConcurrentHashMap.newKeySet();
    private volatile boolean overflown;

    void add(RowKey key) {
        if (keys.size() >= KEYS_MAX) {
            overflown = true;
        } else {
            keys.add(key);
        }
    }

    boolean contains(RowKey key) {
        return keys.contains(key);
    }

    List<RowKey> keys() {
        return List.copyOf(keys);
    }

    /** Whether there were too many to keep, so that nothing is known. */
    boolean isOverflown() {
        return overflown;
    }
}
