package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The first copy and the stream, side by side. The index itself ignores a copied row whose key the
 * stream has touched; what it cannot know is an update that did not send the vector (unchanged
 * TOAST) of a row that has not been copied yet. Such rows are remembered here, under the key the
 * copy will bring, and get the new key, namespace and included columns when it comes.
 *
 * <p>Called by the ingest thread and by the copy's; each call is one step.
 */
final class LoadingRows {
    private record Moved(RowKey key, @Nullable String namespace, AttributeRow attributes) {}

    private final VectorIndex index;

    /** Key in the snapshot → key and namespace now. */
    private final Map<RowKey, Moved> moved = new HashMap<>();

    /** Key now → key in the snapshot. */
    private final Map<RowKey, RowKey> origins = new HashMap<>();

    /** Keys in the snapshot whose rows were moved, and then deleted or replaced. */
    private final Set<RowKey> superseded = new HashSet<>();

    LoadingRows(VectorIndex index) {
        this.index = index;
    }

    synchronized void upsert(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        supersede(key);
        index.upsert(key, namespace, attributes, vector);
    }

    synchronized void delete(RowKey key) {
        supersede(key);
        index.delete(key);
    }

    synchronized void truncate() {
        moved.clear();
        origins.clear();
        superseded.clear();
        index.truncate();
    }

    synchronized void updateKept(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        RowKey origin = origins.remove(oldKey);
        AttributeRow now = attributes;
        if (origin == null) {
            if (index.updateKept(oldKey, newKey, namespace, attributes)) {
                return;
            }
            origin = oldKey;
        } else {
            Moved before = moved.get(origin);
            now = before == null ? attributes : attributes.over(before.attributes());
        }
        if (!newKey.equals(oldKey)) {
            supersede(newKey);
        }
        if (!superseded.contains(origin)) {
            moved.put(origin, new Moved(newKey, namespace, now));
            origins.put(newKey, origin);
        }
    }

    /** A row of the snapshot. */
    synchronized void load(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        if (superseded.contains(key)) {
            return;
        }
        Moved now = moved.remove(key);
        if (now == null) {
            index.load(key, namespace, attributes, vector);
        } else {
            origins.remove(now.key());
            index.loadMoved(
                    key, now.key(), now.namespace(), now.attributes().over(attributes), vector);
        }
    }

    /**
     * A row of the snapshot by the hash of its vector.
     *
     * @return false when the row itself is needed
     */
    synchronized boolean confirm(
            RowKey key, @Nullable String namespace, AttributeRow attributes, long vectorHash) {
        return superseded.contains(key)
                || (!moved.containsKey(key)
                        && index.confirm(key, namespace, attributes, vectorHash));
    }

    private void supersede(RowKey key) {
        RowKey origin = origins.remove(key);
        if (origin != null) {
            moved.remove(origin);
            superseded.add(origin);
        }
    }
}
