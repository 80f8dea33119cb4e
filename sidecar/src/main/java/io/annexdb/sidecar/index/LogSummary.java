package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.ShardLog;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.Set;

/** Replays a log to what can be said of it without its index: keys, slots, and what cannot be. */
final class LogSummary implements ShardLog {
    private final Set<RowKey> keys = new HashSet<>();
    private int slots;
    private long truncations;
    private int dimension;
    private long oddities;

    int rows() {
        return keys.size();
    }

    /** Slots taken since the last truncation. */
    int slots() {
        return slots;
    }

    long truncations() {
        return truncations;
    }

    /** Changes of rows that are not there, and vectors of another dimension than the first. */
    long oddities() {
        return oddities;
    }

    @Override
    public void put(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        if (dimension != 0 && vector.length != dimension) {
            oddities++;
        }
        dimension = vector.length;
        keys.add(key);
        slots++;
    }

    @Override
    public void delete(RowKey key) {
        if (!keys.remove(key)) {
            oddities++;
        }
    }

    @Override
    public void truncate() {
        keys.clear();
        slots = 0;
        dimension = 0;
        truncations++;
    }

    @Override
    public void rekey(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        if (!keys.remove(oldKey)) {
            oddities++;
        }
        keys.add(newKey);
    }

    @Override
    public void commit(Lsn endLsn) {}

    @Override
    public void loaded(Lsn lsn) {}
}
