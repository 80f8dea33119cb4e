package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.segment.ShardLog;
import io.annexdb.sidecar.segment.VectorStore;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;

/**
 * The rows of a shard in memory: applies changes, whether they come from the stream or from the log
 * after a restart, so that both give the same slots. One writer at a time.
 */
final class Rows implements ShardLog {
    private final IndexDefinition index;
    private final MemoryBudget budget;
    private final Path directory;
    private volatile @Nullable Generation generation;
    private volatile Lsn lsn = Lsn.ZERO;
    private long truncations;
    private int committedSlots;
    private int expected;
    private @Nullable TakePages pages;

    /**
     * @param directory of the shard's files
     */
    Rows(IndexDefinition index, MemoryBudget budget, Path directory) {
        this.directory = directory;
        this.index = index;
        this.budget = budget;
    }

    /** The current generation; null until the first row. */
    @Nullable Generation generation() {
        return generation;
    }

    Lsn lsn() {
        return lsn;
    }

    void setLsn(Lsn position) {
        lsn = position;
    }

    /** How often slots were numbered anew since the log began. */
    long truncations() {
        return truncations;
    }

    /** Slots that the last commit covers. */
    int committedSlots() {
        return committedSlots;
    }

    int dimension() {
        Generation current = generation;
        return current == null ? index.dimension() : current.segment.vectors().dimension();
    }

    /** Whether the vector's dimension is not that of the rows. */
    boolean isOfAnotherDimension(float[] vector) {
        int dimension = dimension();
        return vector.length > 0 && dimension != 0 && vector.length != dimension;
    }

    /**
     * Whether rows were here, of a dimension that nobody has fixed, and none is left. As long as
     * there is one, its dimension is the index's.
     */
    boolean isFree() {
        Generation current = generation;
        return index.dimension() == 0 && current != null && current.segment.live() == 0;
    }

    /** Whether the rows that are here have not the dimension that the index is to have. */
    boolean isOfAnotherDefinition() {
        Generation current = generation;
        return current != null
                && index.dimension() != 0
                && current.segment.vectors().dimension() != index.dimension();
    }

    /** Whether the vector can be indexed here. */
    boolean accepts(float[] vector) {
        if (vector.length == 0 || isOfAnotherDimension(vector)) {
            return false;
        }
        // Bits cannot be anything else: the column has nothing else.
        double square = VectorStore.square(vector);
        return Double.isFinite(square) && !(square == 0 && index.metric() == Metric.COSINE);
    }

    boolean contains(RowKey key) {
        Generation current = generation;
        return current != null && current.segment.find(key) >= 0;
    }

    /** Whether the row has exactly this vector. */
    boolean holds(RowKey key, float[] vector) {
        Generation current = generation;
        return current != null
                && current.segment.vectors().dimension() == vector.length
                && current.segment.holds(key, vector);
    }

    /** Whether the row has a vector of this hash. */
    boolean holds(RowKey key, long vectorHash) {
        Generation current = generation;
        int slot = current == null ? -1 : current.segment.find(key);
        return current != null && slot >= 0 && current.segment.vectorHash(slot) == vectorHash;
    }

    /** The row's included columns, with those that an update did not send taken from the row. */
    AttributeRow complete(RowKey key, AttributeRow attributes) {
        Generation current = generation;
        int slot = current == null ? -1 : current.segment.find(key);
        return current == null || slot < 0
                ? attributes.over(null)
                : attributes.over(current.segment.attributes(slot));
    }

    /** Says how many rows are about to come into an empty generation; 0 when they are there. */
    void expect(int rows) {
        expected = rows;
        if (rows == 0 && pages != null) {
            pages.close();
            pages = null;
        }
    }

    /** Takes the memory for a row; so far nothing has changed if that fails. */
    Generation ensureRoom(RowKey key, AttributeRow attributes, int dimension) {
        Generation current = generation;
        if (current == null) {
            current = new Generation(index, dimension, budget, directory);
            generation = current;
            if (expected > 0) {
                pages = TakePages.start(current, expected);
            }
        }
        current.segment.ensureRoom(key, attributes);
        return current;
    }

    @Override
    public void put(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        Generation current = ensureRoom(key, attributes, vector.length);
        int dimension = current.segment.vectors().dimension();
        if (vector.length != dimension) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "a row has " + vector.length + " dimensions where others have " + dimension,
                    "The index is filled from its table.");
        }
        current.segment.put(key, namespace, attributes, vector);
    }

    @Override
    public void delete(RowKey key) {
        Generation current = generation;
        if (current != null) {
            current.segment.remove(key);
        }
    }

    @Override
    public void rekey(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        Generation current = generation;
        if (current != null) {
            current.segment.ensureRoom(newKey, attributes);
            current.segment.rekey(oldKey, newKey, namespace, attributes);
        }
    }

    @Override
    public void truncate() {
        truncations++;
        replace(null);
    }

    @Override
    public void commit(Lsn endLsn) {
        lsn = endLsn;
        Generation current = generation;
        committedSlots = current == null ? 0 : current.segment.slots();
    }

    @Override
    public void loaded(Lsn position) {
        commit(position);
    }

    /** A new log begins, with nothing. */
    void restart() {
        truncations = 0;
        replace(null);
    }

    /** A new log begins, with the rows of another one. */
    void adopt(Rows other) {
        truncations = 0;
        replace(other.generation);
        commit(lsn);
    }

    /** Puts another generation in place; the old one's memory goes with its last reader. */
    private void replace(@Nullable Generation next) {
        Generation old = generation;
        generation = next;
        committedSlots = 0;
        if (old != null) {
            old.gate.close();
        }
    }
}
