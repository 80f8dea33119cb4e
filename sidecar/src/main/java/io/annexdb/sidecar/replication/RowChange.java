package io.annexdb.sidecar.replication;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** One change of a transaction, in the order in which it was made. */
public sealed interface RowChange {
    /** A new row. */
    record Insert(Relation relation, Tuple row) implements RowChange {}

    /**
     * A changed row.
     *
     * @param old the old key when it changed, or the whole old row under REPLICA IDENTITY FULL
     */
    record Update(Relation relation, @Nullable Tuple old, Tuple row) implements RowChange {}

    /** A deleted row: its key, or the whole row under REPLICA IDENTITY FULL. */
    record Delete(Relation relation, Tuple old) implements RowChange {}

    /** All rows of these relations (by OID) are gone. */
    record Truncate(List<Long> relationOids) implements RowChange {
        public Truncate {
            relationOids = List.copyOf(relationOids);
        }
    }
}
