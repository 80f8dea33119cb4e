package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.List;

/**
 * The rows of one shard. Every stored vector takes the next slot, numbered from 0; a replaced or
 * deleted row leaves a tombstone. So the same changes in the same order give the same slots.
 *
 * <p>One writer, any number of readers without locks. A new version of a row is visible before the
 * old one becomes a tombstone, and it has a higher slot: a reader that goes through slots upwards,
 * or through a namespace's list, until it meets the end meets every row at least once.
 */
public final class Segment implements AutoCloseable {
    /** Slots are numbered below this, so that two bits are left beside them in an int. */
    public static final int SLOTS_MAX = 1 << 30;

    private final VectorStore vectors;
    private final RowTable rows;
    private final SlotBits dead;
    private final KeyTable keys;
    private final Attributes attributes;
    private final Namespaces namespaces = new Namespaces();
    private volatile @Nullable Codes codes;
    private volatile int slots;
    private volatile int tombstones;
    private int buried;

    public Segment(Metric metric, ElementType elements, int dimension, MemoryBudget budget) {
        this(metric, elements, dimension, List.of(), budget, null);
    }

    /**
     * An empty segment.
     *
     * @param mapped the directory on whose disk the vectors lie; null for memory
     */
    public Segment(
            Metric metric,
            ElementType elements,
            int dimension,
            List<IncludedColumn> included,
            MemoryBudget budget,
            @Nullable Path mapped) {
        vectors = new VectorStore(metric, elements, dimension, budget, mapped);
        rows = new RowTable(budget, vectors.slotsMax());
        dead = new SlotBits(budget, "tombstones of an index", vectors.slotsMax());
        keys = new KeyTable(rows);
        attributes = new Attributes(included, budget, vectors.slotsMax());
    }

    public VectorStore vectors() {
        return vectors;
    }

    /** The codes, entered: the caller must {@link Codes#exit}. Null while there are none. */
    public @Nullable Codes enterCodes() {
        Codes current = codes;
        while (current != null && !current.enter()) {
            current = codes;
        }
        return current;
    }

    /** Puts newly trained codes in place, of every slot that was encoded before; null for none. */
    public void use(@Nullable Codes next) {
        Codes old = codes;
        codes = next;
        if (old != null) {
            old.close();
        }
    }

    /** Slots taken so far; everything below may be read. */
    public int slots() {
        return slots;
    }

    public int tombstones() {
        return tombstones;
    }

    /** Rows. */
    public int live() {
        int gone = tombstones;
        return slots - gone;
    }

    public boolean isDead(int slot) {
        return dead.get(slot);
    }

    /** A bit for each of the slots 64 × word and on that is a tombstone. */
    public long tombstones(int word) {
        return dead.word(word);
    }

    public Attributes attributes() {
        return attributes;
    }

    /** The included columns of a slot. */
    public AttributeRow attributes(int slot) {
        return attributes.row(slot);
    }

    /** Whether most of what the included columns hold is likely to be of no row any more. */
    public boolean holdsOldValues() {
        return attributes.isMostlyOld(slots);
    }

    public RowKey key(int slot) {
        return RowKey.ofEncoded(rows.key(slot));
    }

    public long keyHash(int slot) {
        return rows.keyHash(slot);
    }

    public long vectorHash(int slot) {
        return rows.vectorHash(slot);
    }

    /** Number of the slot's namespace, 0 for none. */
    public int namespace(int slot) {
        return rows.namespace(slot);
    }

    public @Nullable SlotList namespace(String name) {
        return namespaces.find(name);
    }

    /** The name of a slot's namespace; null also when the row has left and nobody else is there. */
    public @Nullable String namespaceName(int slot) {
        int number = rows.namespace(slot);
        return number == 0 ? null : namespaces.name(number);
    }

    /** The slot of a row, or -1. Safe beside the writer. */
    public int find(RowKey key) {
        long hash = KeyHash.of(key.encoded());
        int slot = keys.find(key.encoded(), hash);
        // Replaced between the two looks: the table has the new slot by now.
        return slot >= 0 && dead.get(slot) ? liveSlot(key, hash) : slot;
    }

    private int liveSlot(RowKey key, long hash) {
        int slot = keys.find(key.encoded(), hash);
        return slot >= 0 && dead.get(slot) ? -1 : slot;
    }

    /** Whether the row has exactly these elements. For the writer. */
    public boolean holds(RowKey key, float[] vector) {
        int slot = find(key);
        return slot >= 0 && isVector(slot, vector);
    }

    /** Whether a slot has exactly these elements, and their hash. */
    public boolean isVector(int slot, float[] vector) {
        return vectors.dimension() == vector.length
                && rows.vectorHash(slot) == VectorHash.of(vectors.elements(), vector)
                && vectors.holds(slot, vector);
    }

    /**
     * Takes the memory that one more row with this key needs, so that the change itself cannot
     * fail.
     */
    public void ensureRoom(RowKey key, AttributeRow row) {
        int needed = slots + 1;
        attributes.ensureRoom(needed, row);
        vectors.ensure(needed);
        rows.ensure(needed, key.encoded().length);
        dead.ensure(needed);
    }

    /** Stores a row; an earlier version becomes a tombstone. Returns the slot. */
    public int put(
            RowKey key, @Nullable String namespace, AttributeRow attributesOfRow, float[] vector) {
        byte[] bytes = key.encoded();
        long hash = KeyHash.of(bytes);
        int slot = slots;
        vectors.put(slot, vector);
        SlotList list = namespaces.of(namespace);
        rows.put(
                slot,
                bytes,
                hash,
                VectorHash.of(vectors.elements(), vector),
                list == null ? 0 : list.number());
        attributes.put(slot, attributesOfRow);
        int old = keys.put(bytes, hash, slot);
        slots = slot + 1;
        if (list != null) {
            namespaces.add(list, slot);
        }
        if (old >= 0) {
            bury(old);
        }
        return slot;
    }

    /**
     * Gives a row, whose vector stays, another key, namespace and included columns; a row that had
     * the new key goes.
     */
    public boolean rekey(
            RowKey oldKey,
            RowKey newKey,
            @Nullable String namespace,
            AttributeRow attributesOfRow) {
        byte[] oldBytes = oldKey.encoded();
        long oldHash = KeyHash.of(oldBytes);
        int slot = keys.find(oldBytes, oldHash);
        if (slot < 0) {
            return false;
        }
        if (!oldKey.equals(newKey)) {
            moveKey(slot, oldBytes, oldHash, newKey.encoded());
        }
        attributes.update(slot, attributesOfRow, () -> moveNamespace(slot, namespace));
        return true;
    }

    /** Removes a row; false when there is none. */
    public boolean remove(RowKey key) {
        byte[] bytes = key.encoded();
        long hash = KeyHash.of(bytes);
        int slot = keys.find(bytes, hash);
        if (slot < 0) {
            return false;
        }
        keys.remove(bytes, hash);
        bury(slot);
        return true;
    }

    private void moveKey(int slot, byte[] oldBytes, long oldHash, byte[] newBytes) {
        long newHash = KeyHash.of(newBytes);
        int displaced = keys.find(newBytes, newHash);
        keys.remove(oldBytes, oldHash);
        if (displaced >= 0) {
            keys.remove(newBytes, newHash);
        }
        rows.setKey(slot, newBytes, newHash);
        keys.put(newBytes, newHash, slot);
        if (displaced >= 0) {
            bury(displaced);
        }
    }

    private void moveNamespace(int slot, @Nullable String namespace) {
        int oldNumber = rows.namespace(slot);
        SlotList list = namespaces.of(namespace);
        int newNumber = list == null ? 0 : list.number();
        if (newNumber == oldNumber) {
            return;
        }
        rows.setNamespace(slot, newNumber);
        if (list != null) {
            namespaces.add(list, slot);
        }
        leave(oldNumber);
    }

    private void bury(int slot) {
        dead.set(slot);
        tombstones = ++buried;
        leave(rows.namespace(slot));
    }

    private void leave(int number) {
        if (number > 0) {
            namespaces.leave(number, slot -> !dead.get(slot) && rows.namespace(slot) == number);
        }
    }

    /** Memory of vectors. */
    public long vectorBytes() {
        return vectors.bytes();
    }

    /** Memory of codes. */
    public long codeBytes() {
        Codes current = codes;
        return current == null ? 0 : current.bytes();
    }

    /** Memory of keys and rows, in bytes. */
    public long keyBytes() {
        return rows.bytes() + dead.bytes() + keys.bytes();
    }

    /** Memory of the namespaces' names and lists, in bytes. */
    public long namespaceBytes() {
        return namespaces.bytes();
    }

    /** Memory of the included columns, in bytes. */
    public long attributeBytes() {
        return attributes.memoryBytes();
    }

    @Override
    public void close() {
        use(null);
        attributes.close();
        vectors.close();
        rows.close();
        dead.close();
    }
}
