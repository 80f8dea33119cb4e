package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;

import java.util.List;

/** What the stream hands to ingest, in commit order. */
public sealed interface StreamEvent {
    /**
     * Part of a transaction; a large one comes in several parts.
     *
     * @param finalLsn where its commit record begins; with the xid it names the transaction
     * @param xid its number
     * @param rows at most {@link TransactionAssembler#ROWS_MAX} changes
     */
    record Changes(Lsn finalLsn, int xid, List<RowChange> rows) implements StreamEvent {}

    /**
     * The transaction is complete. Transactions without a change for us come as a Commit alone.
     *
     * @param endLsn where its commit record ends: the position after it
     * @param commitTimeMicros microseconds since 1970-01-01 UTC; for the lag display only, it may
     *     be wrong for replicated transactions
     */
    record Commit(Lsn finalLsn, Lsn endLsn, int xid, long commitTimeMicros)
            implements StreamEvent {}

    /** Every transaction that committed before this position has been sent. */
    record Progress(Lsn walEnd) implements StreamEvent {}

    /**
     * The connection was lost; a transaction in progress will be sent again from its first change.
     */
    record Interrupted() implements StreamEvent {}
}
