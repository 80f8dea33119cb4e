package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.IncludedColumn;

import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * The included columns of a shard's rows, by slot, column after column.
 *
 * <p>One writer, readers without locks. Readers take slots in blocks of {@link #BLOCK}: {@link
 * #stamp} before, {@link #isUntouched} after, and once more if a row of the block was updated
 * meanwhile (a sequence lock per block). So they see every row as it was before an update or after
 * it, never some columns of each.
 */
public final class Attributes implements AutoCloseable {
    /** Slots of a block; a multiple of 64. */
    public static final int BLOCK = 512;

    /** A dictionary with more values than twice the slots, and this, holds mostly old ones. */
    private static final int VALUES_LEAST = 10_000;

    private final AttributeColumn[] columns;

    /** Per block an int: how often it was touched, odd while it is. */
    private final Slab versions;

    Attributes(List<IncludedColumn> included, MemoryBudget budget, long slotsMax) {
        columns =
                included.stream()
                        .map(column ->
                                column.isNumber()
                                        ? new AttributeColumn.Numbers(budget, slotsMax)
                                        : new AttributeColumn.Values(budget, slotsMax))
                        .toArray(AttributeColumn[]::new);
        versions = new Slab(budget, "versions of included columns", 4, slotsMax / BLOCK + 1);
    }

    public AttributeColumn column(int column) {
        return columns[column];
    }

    /** What {@link #isUntouched} compares with, once no update of the block is under way. */
    public int stamp(int block) {
        long address = versions.address(block);
        int version = Native.getIntAcquire(address);
        while ((version & 1) != 0) {
            Thread.onSpinWait();
            version = Native.getIntAcquire(address);
        }
        return version;
    }

    /** Whether no row of the block has been updated since the stamp was taken. */
    public boolean isUntouched(int block, int stamp) {
        VarHandle.acquireFence();
        return Native.getIntAcquire(versions.address(block)) == stamp;
    }

    /** Makes room for so many slots and for this row; nothing has changed if that fails. */
    void ensureRoom(int slots, AttributeRow row) {
        if (columns.length == 0) {
            return;
        }
        versions.ensure(slots / BLOCK + 1L);
        for (int i = 0; i < columns.length; i++) {
            columns[i].ensureRoom(slots, row, i);
        }
    }

    /** Writes the row of a slot that nobody sees yet. */
    void put(int slot, AttributeRow row) {
        for (int i = 0; i < columns.length; i++) {
            columns[i].put(slot, row, i);
        }
    }

    /** Writes the row of a slot that is seen, together with another change. */
    void update(int slot, AttributeRow row, Runnable together) {
        if (columns.length == 0) {
            together.run();
            return;
        }
        long version = versions.address(slot / BLOCK);
        int before = Native.getInt(version);
        Native.putIntRelease(version, before + 1);
        VarHandle.fullFence();
        try {
            put(slot, row);
            together.run();
        } finally {
            Native.putIntRelease(version, before + 2);
        }
    }

    /** The row of a slot; for the writer, or where a later update is made up for. */
    AttributeRow row(int slot) {
        if (columns.length == 0) {
            return AttributeRow.NONE;
        }
        AttributeRow.Builder row = new AttributeRow.Builder(columns.length);
        for (int i = 0; i < columns.length; i++) {
            columns[i].read(slot, row, i);
        }
        return row.build();
    }

    /** Whether most of what a dictionary holds is likely to be of no row any more. */
    boolean isMostlyOld(int slots) {
        for (AttributeColumn column : columns) {
            if (column instanceof AttributeColumn.Values values
                    && values.dictionary().end() > VALUES_LEAST + 2L * slots) {
                return true;
            }
        }
        return false;
    }

    long memoryBytes() {
        long sum = columns.length == 0 ? 0 : versions.bytes();
        for (AttributeColumn column : columns) {
            sum += column.memoryBytes();
        }
        return sum;
    }

    @Override
    public void close() {
        versions.close();
        for (AttributeColumn column : columns) {
            column.close();
        }
    }
}
