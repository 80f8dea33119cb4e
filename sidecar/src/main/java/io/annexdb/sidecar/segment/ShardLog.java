package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;

import org.jspecify.annotations.Nullable;

/**
 * The changes of a shard, in the order in which they are applied. What writes them to the log and
 * what applies them after a restart have the same shape.
 */
public interface ShardLog {
    /** The row is stored; an earlier version of the key goes. */
    void put(RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector);

    /** The row goes, if there is one. */
    void delete(RowKey key);

    /** All rows go; slots are numbered from 0 again. */
    void truncate();

    /** The row gets another key, namespace and included columns, its vector stays. */
    void rekey(RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes);

    /** Everything up to here is one or more whole transactions, up to that position. */
    void commit(Lsn endLsn);

    /** The first copy is complete; counts as a commit. */
    void loaded(Lsn lsn);
}
