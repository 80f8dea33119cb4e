package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.RowDifference;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Compares rows of a table with those of an index, bytes with bytes, beside the stream. From its
 * beginning on it knows which keys are written; those are not compared. So the table may be read as
 * of any position after its beginning, once the index has applied that position:
 *
 * <ol>
 *   <li>each row of the table is held against the index's row of that key, whose slot is marked;
 *   <li>at the end the slots that are not marked are rows that the table has not.
 * </ol>
 *
 * <p>For one thread; the index is written and searched meanwhile.
 */
public final class RowComparison implements AutoCloseable {
    private final VectorIndex index;
    private final KeyWatch watch;
    private final TouchedKeys touched;
    private final @Nullable Generation generation;
    private final BitSet seen = new BitSet();

    /** Of the vectors that an index without rows is to have: the first one's. */
    private int firstDimension;

    private RowComparison(
            VectorIndex index, KeyWatch watch, TouchedKeys touched, @Nullable Generation entered) {
        this.index = index;
        this.watch = watch;
        this.touched = touched;
        this.generation = entered;
    }

    /** Begins to watch, then enters the index's rows. */
    static RowComparison begin(VectorIndex index, KeyWatch watch, Serving serving) {
        TouchedKeys touched = watch.begin(index.definition());
        try {
            return new RowComparison(index, watch, touched, serving.enter());
        } catch (RuntimeException e) {
            watch.end(touched);
            throw e;
        }
    }

    /** Whether rows have got other slots, or too many were written: then begin again. */
    @SuppressWarnings("ReferenceEquality") // another generation numbers its slots anew
    public boolean isOvertaken() {
        return touched.isOverflown()
                || index.store().rows().generation() != generation
                || index.state() != State.READY;
    }

    /** Whether nobody has written the row since the beginning. */
    public boolean isUntouched(RowKey key) {
        return !touched.contains(key) && !touched.isOverflown();
    }

    /** Keys of the rows that were written since the beginning. */
    public List<RowKey> touched() {
        return touched.keys();
    }

    /**
     * Begins to keep what becomes of rows that are written again and again; between two
     * transactions of the stream. The caller closes it.
     */
    public RowHistory history(Collection<RowKey> keys) {
        return index.history(keys);
    }

    /** Whether a vector of the table is to be in the index. */
    public boolean isIndexable(float[] vector) {
        if (!index.store().rows().accepts(vector)) {
            return false;
        }
        if (generation == null && firstDimension == 0) {
            firstDimension = vector.length;
        }
        return generation != null || vector.length == firstDimension;
    }

    /** A row of the table that is to be in the index; what is wrong with it there, if anything. */
    public Optional<RowDifference.Kind> row(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        Optional<RowDifference.Kind> found = find(key, namespace, attributes, vector);
        return found.isEmpty() || isUntouched(key) ? found : Optional.empty();
    }

    private Optional<RowDifference.Kind> find(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        int slot = generation == null ? -1 : generation.segment.find(key);
        if (generation == null || slot < 0) {
            return Optional.of(RowDifference.Kind.MISSING);
        }
        Segment segment = generation.segment;
        seen.set(slot);
        if (!segment.isVector(slot, vector)) {
            return Optional.of(RowDifference.Kind.OTHER_VECTOR);
        }
        boolean same =
                Objects.equals(segment.namespaceName(slot), namespace)
                        && segment.attributes(slot).agrees(attributes);
        return same ? Optional.empty() : Optional.of(RowDifference.Kind.OTHER_COLUMNS);
    }

    /** After all rows of the table: gives those that the index has besides. */
    public void extras(Consumer<RowKey> each, BooleanSupplier cancelled) {
        if (generation == null) {
            return;
        }
        Segment segment = generation.segment;
        int slots = segment.slots();
        for (int slot = seen.nextClearBit(0); slot < slots; slot = seen.nextClearBit(slot + 1)) {
            if (cancelled.getAsBoolean()) {
                return;
            }
            if (!segment.isDead(slot)) {
                RowKey key = segment.key(slot);
                if (isUntouched(key)) {
                    each.accept(key);
                }
            }
        }
    }

    /** Rows that the index has now. */
    public long rows() {
        return index.status().rows();
    }

    @Override
    public void close() {
        watch.end(touched);
        if (generation != null) {
            generation.gate.exit();
        }
    }
}
