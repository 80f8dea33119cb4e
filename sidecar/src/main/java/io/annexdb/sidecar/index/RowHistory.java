package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.VectorHash;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What an index has of some rows from now on, by position: each commit that touches one of them
 * adds a version. So a row that is written all the time can be compared with the table as of any
 * position that the stream reaches.
 *
 * <p>The writer adds, one reader looks; each call is one step.
 */
public final class RowHistory implements AutoCloseable {
    /** Some hundred megabytes; whoever asks for that many has to ask for fewer rows. */
    static final int VERSIONS_MAX = 1_000_000;

    private record Row(long vectorHash, @Nullable String namespace, AttributeRow attributes) {}

    /** What was there from the end of a transaction on; null where the index had no such row. */
    private record Version(Lsn since, @Nullable Row row) {}

    private final KeyWatch watch;
    private final ElementType elements;

    /** By key its versions, the oldest first. */
    private final Map<RowKey, List<Version>> entries = new HashMap<>();

    private final Set<RowKey> touched = new HashSet<>();
    private int versions;

    /** Between two transactions, by the writer. */
    RowHistory(
            KeyWatch watch,
            ElementType elements,
            Collection<RowKey> keys,
            @Nullable Segment now,
            Lsn position) {
        this.watch = watch;
        this.elements = elements;
        for (RowKey key : keys) {
            entries.put(key, new ArrayList<>());
            add(key, now, position);
        }
    }

    synchronized void touch(RowKey key) {
        if (entries.containsKey(key)) {
            touched.add(key);
        }
    }

    synchronized void touchAll() {
        touched.addAll(entries.keySet());
    }

    /** A transaction has ended here. */
    synchronized void commit(@Nullable Segment now, Lsn endLsn) {
        touched.forEach(key -> add(key, now, endLsn));
        touched.clear();
    }

    private void add(RowKey key, @Nullable Segment now, Lsn position) {
        List<Version> known = entries.get(key);
        if (known != null && versions < VERSIONS_MAX) {
            versions++;
            known.add(new Version(position, row(key, now)));
        }
    }

    private static @Nullable Row row(RowKey key, @Nullable Segment now) {
        int slot = now == null ? -1 : now.find(key);
        return now == null || slot < 0
                ? null
                : new Row(now.vectorHash(slot), now.namespaceName(slot), now.attributes(slot));
    }

    /** Whether there were too many versions to keep, so that nothing is known. */
    public synchronized boolean isOverflown() {
        return versions == VERSIONS_MAX;
    }

    /** Whether the index had the row as of a position that has been applied. */
    public synchronized boolean has(RowKey key, Lsn position) {
        return at(key, position) != null;
    }

    /** What was wrong with a row of the table there, if anything. */
    public synchronized Optional<RowDifference.Kind> row(
            RowKey key,
            Lsn position,
            @Nullable String namespace,
            AttributeRow attributes,
            float[] vector) {
        Row row = at(key, position);
        if (row == null) {
            return Optional.of(RowDifference.Kind.MISSING);
        }
        if (row.vectorHash != VectorHash.of(elements, vector)) {
            return Optional.of(RowDifference.Kind.OTHER_VECTOR);
        }
        boolean same =
                Objects.equals(row.namespace, namespace) && row.attributes.agrees(attributes);
        return same ? Optional.empty() : Optional.of(RowDifference.Kind.OTHER_COLUMNS);
    }

    private @Nullable Row at(RowKey key, Lsn position) {
        Row found = null;
        for (Version version : entries.getOrDefault(key, List.of())) {
            if (version.since.compareTo(position) <= 0) {
                found = version.row;
            }
        }
        return found;
    }

    /** Whether nobody has written the row since a position. */
    public synchronized boolean isUntouchedSince(RowKey key, Lsn position) {
        List<Version> known = entries.getOrDefault(key, List.of());
        return !known.isEmpty()
                && known.getLast().since.compareTo(position) <= 0
                && !touched.contains(key)
                && !isOverflown();
    }

    /** Nobody wants to know any more. */
    @Override
    public void close() {
        watch.end(this);
    }
}
